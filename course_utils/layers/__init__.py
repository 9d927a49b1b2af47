"""Layers that Keras does not have, or has with a fault; all are serialisable and written in
`keras.ops`."""

from course_utils.layers.attention import SelfAttention2D as SelfAttention2D
from course_utils.layers.conditional import (
    ConditionalBatchNormalization as ConditionalBatchNormalization,
)
from course_utils.layers.equalized import EqualizedConv2D as EqualizedConv2D
from course_utils.layers.equalized import EqualizedDense as EqualizedDense
from course_utils.layers.growth import FadeIn as FadeIn
from course_utils.layers.modulated import ModulatedConv2D as ModulatedConv2D
from course_utils.layers.normalization import MinibatchStdDev as MinibatchStdDev
from course_utils.layers.normalization import PixelNormalization as PixelNormalization
from course_utils.layers.resampling import Blur as Blur
from course_utils.layers.resampling import BlurPooling2D as BlurPooling2D
from course_utils.layers.resampling import BlurUpSampling2D as BlurUpSampling2D
from course_utils.layers.sampling import Sampling as Sampling
from course_utils.layers.spectral import SpectralConv2D as SpectralConv2D
from course_utils.layers.spectral import SpectralDense as SpectralDense
from course_utils.layers.spectral import SpectralEmbedding as SpectralEmbedding
from course_utils.layers.style import AdaIN as AdaIN
from course_utils.layers.style import LearnedConstant as LearnedConstant
from course_utils.layers.style import NoiseInjection as NoiseInjection
from course_utils.layers.style import RunningMean as RunningMean
