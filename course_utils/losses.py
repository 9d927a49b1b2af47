"""Losses: pure functions of logits, or of the parameters of distributions.

Likelihood terms return one number per example, in nats; adversarial losses return one scalar to
minimise. Everything is summed or averaged in float32, whatever the precision of the network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

Tensor = Any  # of the active backend, or what it takes for one: an array, a variable, nested lists


def kl_divergence(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """Divergence of a diagonal Gaussian posterior from the standard normal prior.

    KL(N(μ, σ²) ‖ N(0, I)) = ½ Σₖ (σₖ² + μₖ² − 1 − log σₖ²)

    The variance enters as its logarithm: at log σ² = −120 the variance itself is zero in float32
    and the logarithm infinite, while this form is exact.

    Args:
        z_mean: tensor (N, ...), float, any range; the means μ.
        z_log_var: tensor of the same shape, float, any range; the log-variances log σ².

    Returns:
        Tensor (N,), float32, in nats; summed over all latent axes.

    Raises:
        ValueError: the two shapes differ.

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix B.

    Example:
        >>> from course_utils import losses
        >>> [float(nats) for nats in losses.kl_divergence([[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])]
        [0.0, 0.5]
    """
    z_mean, z_log_var = _pair(z_mean, z_log_var, "z_mean", "z_log_var")
    return 0.5 * _sum(ops.square(z_mean) + ops.expm1(z_log_var) - z_log_var)


def free_bits(z_mean: Tensor, z_log_var: Tensor, free: float) -> Tensor:
    """KL divergence to the standard normal prior in which the first nats of each latent axis cost nothing.

    Σₖ max(free, mean over the batch of ½ (σₖ² + μₖ² − 1 − log σₖ²))

    Below `free` it is flat, so nothing pushes an axis down that carries little.

    Args:
        z_mean: tensor (N, d), float, any range; the means μ.
        z_log_var: tensor of the same shape, float, any range; the log-variances log σ².
        free: nats for each axis, ≥ 0.

    Returns:
        Scalar tensor, float32, in nats, at least d·free.

    Raises:
        ValueError: the two shapes differ.

    Source:
        Kingma et al., Improving variational inference with inverse autoregressive flow, 2016, appendix C.8; each
        axis is a group.
    """
    z_mean, z_log_var = _pair(z_mean, z_log_var, "z_mean", "z_log_var")
    per_axis = 0.5 * (ops.square(z_mean) + ops.expm1(z_log_var) - z_log_var)  # (N, d)
    return ops.sum(ops.maximum(ops.mean(per_axis, axis=0), free))


def bernoulli_nll(x: Tensor, logits: Tensor) -> Tensor:
    """Negative log-likelihood of pixels under independent Bernoulli distributions.

    −log p(x) = Σᵢ (softplus(ℓᵢ) − xᵢ ℓᵢ)

    For grey values between 0 and 1 this is the cross-entropy, and no longer the likelihood of a
    distribution.

    Args:
        x: tensor (N, ...), float, in [0, 1].
        logits: tensor of the same shape, float, any range; the log-odds ℓ of a pixel being 1.

    Returns:
        Tensor (N,), float32, in nats; summed over all axes but the batch.

    Raises:
        ValueError: the two shapes differ.

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, appendix C.1, from logits.

    Example:
        >>> from course_utils import losses
        >>> [round(float(nats), 4) for nats in losses.bernoulli_nll([[1.0, 0.0]], [[0.0, 0.0]])]  # 2 log 2
        [1.3863]
    """
    x, logits = _pair(x, logits, "x", "logits")
    return _sum(ops.softplus(logits) - x * logits)


def domain_confusion(logits: Tensor) -> Tensor:
    """Cross-entropy of a judge of two domains against "one half each": least where it cannot tell.

    −½ log D − ½ log(1 − D) = ½ softplus(ℓ) + ½ softplus(−ℓ) ≥ log 2,   D = sigmoid(ℓ)

    Args:
        logits: tensor of any shape, float; ℓ.

    Returns:
        Scalar tensor, float32, in nats; log 2 where all logits are 0.

    Source:
        Tzeng et al., Simultaneous Deep Transfer Across Domains and Tasks, 2015, eq. (5), for two domains.

    Example:
        >>> from course_utils import losses
        >>> round(float(losses.domain_confusion([0.0, 0.0])), 4)  # log 2
        0.6931
    """
    logits = _float(logits)
    return 0.5 * _mean(ops.softplus(logits) + ops.softplus(-logits))


def coral(a: Tensor, b: Tensor) -> Tensor:
    """Distance of two sets of features by their covariances: correlation alignment.

    ‖C_a − C_b‖²_F / (4 F²),   C = (X − X̄)ᵀ (X − X̄) / (N − 1)

    It does not see the means.

    Args:
        a: tensor (N, F), float, N ≥ 2.
        b: tensor (M, F), float, M ≥ 2.

    Returns:
        Scalar tensor, float32, ≥ 0; 0 where the covariances are the same.

    Raises:
        ValueError: the features are no rows of one length.

    Source:
        Sun and Saenko, Deep CORAL, 2016, eqs. (1) to (3).

    Example:
        >>> from course_utils import losses
        >>> float(losses.coral([[1.0], [-1.0]], [[3.0], [3.0]]))  # variances 2 and 0: 2² / 4
        1.0
    """
    a, b = _rows(a, b)
    return ops.sum(ops.square(_covariance(a) - _covariance(b))) / (4.0 * a.shape[1] ** 2)


def mmd(a: Tensor, b: Tensor, scales: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> Tensor:
    """Distance of two sets of features by a kernel: the squared maximum mean discrepancy, the biased estimate.

    mean k(a, a′) + mean k(b, b′) − 2 mean k(a, b),   k(x, y) = mean over s of exp(−‖x − y‖² / (s m))

    m is the mean of ‖x − y‖² over all pairs of different rows, and no gradient flows through it.

    Args:
        a: tensor (N, F), float.
        b: tensor (M, F), float.
        scales: widths s of the Gaussian kernels, in units of m.

    Returns:
        Scalar tensor, float32, ≥ 0; 0 where both sets are the same.

    Raises:
        ValueError: the features are no rows of one length.

    Source:
        Gretton et al., A Kernel Two-Sample Test, 2012, eq. (5); several kernels in one: Long et al., Learning
        Transferable Features with Deep Adaptation Networks, 2015, eq. (2).

    Example:
        >>> from course_utils import losses
        >>> round(float(losses.mmd([[0.0]], [[1.0]], scales=(1.0,))), 4)  # m = 1: 2 − 2 / e
        1.2642
    """
    a, b = _rows(a, b)
    x = ops.concatenate([a, b])  # (N + M, F)
    norms = ops.sum(ops.square(x), axis=1)
    squares = ops.maximum(norms[:, None] + norms[None, :] - 2.0 * ops.matmul(x, ops.transpose(x)), 0.0)
    count = ops.cast(ops.shape(x)[0], "float32")
    middle = ops.stop_gradient(ops.sum(squares) / (count * (count - 1.0))) + 1e-12
    kernel = sum(ops.exp(-squares / (scale * middle)) for scale in scales) / len(scales)
    n, m = (ops.cast(ops.shape(part)[0], "float32") for part in (a, b))
    signs = ops.concatenate([ops.ones_like(a[:, 0]) / n, -ops.ones_like(b[:, 0]) / m])  # (N + M,)
    return ops.sum(signs[:, None] * kernel * signs[None, :])
def contrastive(logits: Tensor) -> Tensor:
    """Cross-entropies of one table, read along its rows and along its columns: which of N texts belongs to an image?

    L = ½ (mean_i −log softmax(ℓ_i·)_i + mean_j −log softmax(ℓ_·j)_j)

    A table that knows nothing costs log N. log N − L bounds, from below, the information that images and texts share,
    so that a batch of N can prove log N nats at most. A pair that stands in the batch twice has two right answers, of
    which the loss counts one: log 2 is then the least that its rows cost.

    Args:
        logits: tensor (N, N), float; row i and column i belong together. Similarities times a scale.

    Returns:
        Scalar tensor, float32, in nats.

    Raises:
        ValueError: the table is not square.

    Source:
        Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, figure 3; the
        bound: van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, section 2.3.

    Example:
        >>> from course_utils import losses
        >>> round(float(losses.contrastive([[0.0, 0.0], [0.0, 0.0]])), 4)  # log 2
        0.6931
    """
    logits = _float(logits)
    if len(logits.shape) != 2 or shapes_differ(logits, ops.transpose(logits)):
        raise ValueError(
            f"Found logits of shape {tuple(logits.shape)}, expected (N, N), a row an image and a column a text; give "
            "as many texts as images."
        )
    # The diagonal without indices: gathers are slow in XLA, and N² numbers are few.
    own = _mean(_sum(logits * ops.eye(ops.shape(logits)[0], dtype="float32")))
    rows, columns = (_mean(ops.logsumexp(logits, axis=axis)) for axis in (1, 0))
    return 0.5 * (rows + columns) - own


@dataclass(frozen=True)
class AdversarialLoss:
    """The two losses of one adversarial game, each a scalar to minimise.

    Logits are the critic's raw outputs, of any shape: (N,), (N, 1), or one per patch. A
    discriminator is the sigmoid of a critic; none of these functions wants it.

    Attributes:
        name: the loss's name.
        discriminator: function (real_logits, fake_logits) -> scalar float32.
        generator: function (fake_logits) -> scalar float32.

    Example:
        >>> from course_utils import losses
        >>> float(losses.hinge.discriminator([2.0], [-0.5])), float(losses.hinge.generator([-0.5]))
        (0.5, 0.5)
    """

    name: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def _logistic_discriminator(real_logits, fake_logits):
    return _mean(ops.softplus(-_float(real_logits))) + _mean(ops.softplus(_float(fake_logits)))


def _minimax_generator(fake_logits):
    return -_mean(ops.softplus(_float(fake_logits)))  # log(1 − sigmoid(f)) = −softplus(f)


def _nonsaturating_generator(fake_logits):
    return _mean(ops.softplus(-_float(fake_logits)))  # −log sigmoid(f) = softplus(−f)


def _least_squares_discriminator(real_logits, fake_logits):
    return 0.5 * (_mean(ops.square(_float(real_logits) - 1.0)) + _mean(ops.square(_float(fake_logits))))


def _least_squares_generator(fake_logits):
    return 0.5 * _mean(ops.square(_float(fake_logits) - 1.0))


def _hinge_discriminator(real_logits, fake_logits):
    return _mean(ops.relu(1.0 - _float(real_logits))) + _mean(ops.relu(1.0 + _float(fake_logits)))


def _wasserstein_discriminator(real_logits, fake_logits):
    return _mean(_float(fake_logits)) - _mean(_float(real_logits))


def _negative_mean(fake_logits):
    return -_mean(_float(fake_logits))


# D: −E log D(x) − E log(1 − D(G(z)));  G: E log(1 − D(G(z))), which saturates where D is sure.
# Goodfellow et al., Generative Adversarial Nets, 2014, eq. (1).
minimax = AdversarialLoss("minimax", _logistic_discriminator, _minimax_generator)

# D as above;  G: −E log D(G(z)), the same fixed point with a gradient where D is sure.
# Goodfellow et al., 2014, section 3.
nonsaturating = AdversarialLoss("nonsaturating", _logistic_discriminator, _nonsaturating_generator)

# D: ½ E (f(x) − 1)² + ½ E f(G(z))²;  G: ½ E (f(G(z)) − 1)².
# Mao et al., Least Squares Generative Adversarial Networks, 2017, eq. (9).
least_squares = AdversarialLoss("least_squares", _least_squares_discriminator, _least_squares_generator)

# D: E max(0, 1 − f(x)) + E max(0, 1 + f(G(z)));  G: −E f(G(z)), without a hinge.
# Lim and Ye, Geometric GAN, 2017; Miyato et al., Spectral Normalization, 2018, eqs. (16) and (17).
hinge = AdversarialLoss("hinge", _hinge_discriminator, _negative_mean)

# D: E f(G(z)) − E f(x), over f with slope at most 1;  G: −E f(G(z)).
# Arjovsky et al., Wasserstein GAN, 2017, eqs. (2) and (3).
wasserstein = AdversarialLoss("wasserstein", _wasserstein_discriminator, _negative_mean)


def _float(x):
    return ops.cast(x, "float32")


def _mean(x):
    return ops.mean(x)


def _sum(x):
    return ops.sum(x, axis=tuple(range(1, len(x.shape))))


def _covariance(x):
    x = x - ops.mean(x, axis=0)
    return ops.matmul(ops.transpose(x), x) / (ops.cast(ops.shape(x)[0], "float32") - 1.0)


def _rows(a, b):
    a, b = _float(a), _float(b)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"Found features of shapes {tuple(a.shape)} and {tuple(b.shape)}, expected (N, F) and (M, F); flatten "
            "each example into one row."
        )
    return a, b


def shapes_differ(a, b):
    """Whether two tensors' shapes differ in what is known of them (TensorFlow may not know the batch)."""
    return len(a.shape) != len(b.shape) or any(m != n for m, n in zip(a.shape, b.shape) if m and n)


def _pair(a, b, name_a, name_b):
    a, b = _float(a), _float(b)
    if shapes_differ(a, b):
        raise ValueError(
            f"Found {name_a} of shape {tuple(a.shape)} and {name_b} of shape {tuple(b.shape)}, "
            "expected one shape for both; reshape one, because broadcasting would change the sum."
        )
    return a, b
