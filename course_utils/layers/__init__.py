"""Layers that Keras does not have, or has with a fault; all are serialisable and written in `keras.ops`."""

from course_utils.layers.attention import SelfAttention2D
from course_utils.layers.conditional import ConditionalBatchNormalization
from course_utils.layers.equalized import EqualizedConv2D, EqualizedDense
from course_utils.layers.growth import FadeIn
from course_utils.layers.masked import HorizontalConv2D, MaskedConv2D, MaskedDense, VerticalConv2D
from course_utils.layers.modulated import ModulatedConv2D
from course_utils.layers.normalization import MinibatchStdDev, PixelNormalization
from course_utils.layers.resampling import Blur, BlurPooling2D, BlurUpSampling2D
from course_utils.layers.reversal import GradientReversal, reverse
from course_utils.layers.sampling import Sampling
from course_utils.layers.spectral import SpectralConv2D, SpectralDense, SpectralEmbedding
from course_utils.layers.style import AdaIN, LearnedConstant, NoiseInjection, RunningMean
from course_utils.layers.temperature import Temperature
from course_utils.layers.tokens import Codebook, OneHotPatches, PositionBias

__all__ = [
    "AdaIN",
    "Blur",
    "BlurPooling2D",
    "BlurUpSampling2D",
    "Codebook",
    "ConditionalBatchNormalization",
    "EqualizedConv2D",
    "EqualizedDense",
    "FadeIn",
    "GradientReversal",
    "HorizontalConv2D",
    "LearnedConstant",
    "MaskedConv2D",
    "MaskedDense",
    "MinibatchStdDev",
    "ModulatedConv2D",
    "NoiseInjection",
    "OneHotPatches",
    "PixelNormalization",
    "PositionBias",
    "RunningMean",
    "Sampling",
    "SelfAttention2D",
    "SpectralConv2D",
    "SpectralDense",
    "SpectralEmbedding",
    "Temperature",
    "VerticalConv2D",
    "reverse",
]
