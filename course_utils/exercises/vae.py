"""Exercises of lecture 01, the variational autoencoder."""

import numpy as np

from .judged import Exercise, close, draws, judged


def _judge_kl(kl):
    mean, log_var = draws(1, 5, 3), draws(2, 5, 3)
    per_axis = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var)
    right = per_axis.sum(-1)
    found = judged(kl, mean, log_var)
    if close(found, right):
        return None
    if close(found, per_axis.mean(-1)):
        return (
            "this is the mean over the latent axes. A KL divergence of independent axes is their sum; "
            "the mean hides a factor of latent_dim (erratum 1.10)."
        )
    if found.shape == ():
        return (
            "the result is one number for the whole batch. Sum over the last axis only, "
            "so that every image keeps its own KL, shape (N,)."
        )
    if found.shape == per_axis.shape:
        return "the result still has one number per latent axis: sum over the last axis."
    if close(found, -right):
        return "the sign is wrong: a KL divergence is never negative, and yours always is."
    if close(found, 2 * right):
        return "the factor ½ in front is missing."
    if close(found, 0.5 * (log_var + mean**2 - 1 - np.log(np.abs(log_var))).sum(-1)):
        return "z_log_var was used as a variance. The variance is exp(z_log_var)."
    if close(found, 0.5 * (np.exp(0.5 * log_var) + mean**2 - 1 - log_var).sum(-1)):
        return "the first term is the variance, exp(z_log_var); yours is the standard deviation."
    return (
        "the values differ. At z_mean = 0, z_log_var = 0 the two Gaussians are equal: does your "
        "function return 0 there? Compare term by term with the formula."
    )


def _judge_sample(sample):
    mean, log_var, epsilon = draws(3, 4, 2), draws(4, 4, 2), draws(5, 4, 2)
    found = judged(sample, mean, log_var, epsilon)
    if close(found, mean + np.exp(0.5 * log_var) * epsilon):
        return None
    if close(found, mean + np.exp(log_var) * epsilon):
        return (
            "this is the slide's line (erratum 1.9): it scales the noise by the variance. "
            "The standard deviation is the root of the variance: halve the logarithm."
        )
    if close(found, mean + log_var * epsilon):
        return "z_log_var is the logarithm of the variance; it needs an exponential."
    if close(found, mean + 0.5 * np.exp(log_var) * epsilon):
        return "the ½ belongs inside the exponential: exp(z)^½ = exp(½·z), not ½·exp(z)."
    if close(found, mean):
        return "the noise is not used, so this is a plain autoencoder: add σ·epsilon."
    if found.shape != mean.shape:
        return f"the shape is {found.shape}; one latent per image is {mean.shape}."
    return "the values differ. With epsilon = 0 you should get z_mean, with z_log_var = 0 z_mean + epsilon."


def _judge_beta(beta):
    cases = [(5e-4, 784, 2), (1e-3, 1024, 16)]
    found = np.array([judged(beta, *case) for case in cases])
    lam, pixels, latent = np.array(cases).T
    right = 2 * lam * pixels / latent
    if close(found, right):
        return None
    if close(found, right / 2):
        return (
            "a factor 2 is missing. Look at the slide's KL again: it has no ½ in front, "
            "so it is twice the divergence."
        )
    if close(found, 2 * lam * pixels):
        return "the slide takes the mean over the latent axes too: divide by latent_dim."
    if close(found, lam):
        return "both means hide their lengths. Multiply the slide's loss by `pixels` and compare."
    if close(found, 2 * lam / pixels * latent) or close(found, 2 * lam * latent / pixels):
        return "the ratio is upside down: the KL gains weight when the pixels are averaged."
    if found.shape != right.shape:
        return "β is one number: return a scalar."
    return (
        "the value differs. Write the slide's loss as (sum of cross entropy)/pixels + "
        "λ·2·KL/latent_dim, then multiply it by `pixels`."
    )


def _judge_concept(concept_vector):
    codes, attribute = draws(6, 200, 4), draws(7, 200)
    low, high = np.quantile(attribute, [0.2, 0.8])
    top, bottom = codes[attribute >= high], codes[attribute <= low]
    found = judged(concept_vector, codes, attribute)
    right = top.mean(0) - bottom.mean(0)
    if close(found, right):
        return None
    if close(found, -right):
        return "it points the wrong way: from the low values to the high ones."
    if found.shape != right.shape:
        return (
            f"the shape is {found.shape}; a direction in the latent space is {right.shape}. "
            "Average over the images, axis 0."
        )
    if close(found, top.mean(0)):
        return (
            "this is where the high images lie, not the way there: subtract the mean of the low ones, "
            "or you also move towards the average digit."
        )
    if close(found, top.mean(0) - codes.mean(0)):
        return "subtract the mean of the lowest fifth, not the mean of all."
    if close(found, codes[attribute > 0].mean(0) - codes[attribute <= 0].mean(0)):
        return "split at the quantiles of the attribute, not at 0."
    return "the values differ. Use np.quantile(attribute, [0.2, 0.8]) and the means of both ends."


def _judge_log_likelihood(log_likelihood):
    weights = 3 * draws(8, 50, 6) - 90
    shifted = weights - weights.max(0)
    right = weights.max(0) + np.log(np.exp(shifted).mean(0))
    found = judged(log_likelihood, weights)
    if close(found, right):
        far = judged(log_likelihood, weights - 1000)
        if close(far, right - 1000):
            return None
        return (
            f"right for these numbers, but at log w ≈ −1090 it gives {far[0]:g}: exp underflows. "
            "Take the largest logarithm out first, or use keras.ops.logsumexp."
        )
    if close(found, weights.mean(0)):
        return (
            "the mean of the logarithms is the ELBO. Here the mean comes first, inside the "
            "logarithm; by Jensen's inequality yours is too low."
        )
    if close(found, right + np.log(len(weights))):
        return "this is the sum of the weights; their mean needs − log K."
    if not np.isfinite(found).all():
        return (
            "the result is not finite: exp of −1000 is 0 in floating point. "
            "Take the largest logarithm out first, or use keras.ops.logsumexp."
        )
    if found.shape != right.shape:
        return f"the shape is {found.shape}, expected {right.shape}: average over the K draws, axis 0."
    return "the values differ: log( (1/K) Σₖ exp(log wₖ) ), over axis 0."


kl = Exercise(
    title="Exercise 1, the KL divergence",
    judge=_judge_kl,
    nudge="½ Σₖ (exp(z_log_var) + z_mean² − 1 − z_log_var), summed over the last axis only.",
    answer='''\
def kl(z_mean, z_log_var):
    variance = ops.exp(z_log_var)
    return 0.5 * ops.sum(variance + ops.square(z_mean) - 1 - z_log_var, axis=-1)
''',
)

sample = Exercise(
    title="Exercise 2, the sampling step",
    judge=_judge_sample,
    nudge="σ = √(variance), and z_log_var = log(variance). What is log σ?",
    answer='''\
def sample(z_mean, z_log_var, epsilon):
    return z_mean + ops.exp(0.5 * z_log_var) * epsilon
''',
)

beta = Exercise(
    title="Exercise 3, the slide's λ in nats",
    judge=_judge_beta,
    nudge="Multiply the slide's loss by `pixels`. Mind that its KL has no ½ and is a mean over axes.",
    answer='''\
def beta(slide_lambda, pixels, latent_dim):
    return 2 * slide_lambda * pixels / latent_dim
''',
)

concept = Exercise(
    title="Exercise 4, a concept vector",
    judge=_judge_concept,
    nudge="Two means over images, one subtracted from the other; np.quantile gives the two ends.",
    answer='''\
def concept_vector(codes, attribute):
    low, high = np.quantile(attribute, [0.2, 0.8])
    return codes[attribute >= high].mean(axis=0) - codes[attribute <= low].mean(axis=0)
''',
)

log_likelihood = Exercise(
    title="Exercise 5, the importance-weighted bound",
    judge=_judge_log_likelihood,
    nudge="The mean is inside the logarithm. keras.ops.logsumexp adds in the log domain; K is len(log_w).",
    answer='''\
def log_likelihood(log_w):
    return ops.logsumexp(log_w, axis=0) - np.log(len(log_w))
''',
)
