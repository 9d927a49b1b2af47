"""Hand-written training loops, as an expert of one framework would write them: the bar for `Game.fit`.

Each takes the same Keras networks and gives a function that plays a number of iterations. Data lie on the device,
random draws happen inside the compiled step, Adam is the framework's own habit: optax on JAX, Keras's on TensorFlow.
"""

import keras
import numpy as np

TURNS, PENALTY, RATE, BETAS = 5, 10.0, 1e-4, (0.5, 0.9)


def jax_wgan_gp(generator, critic, x, latent_dim, batch_size, fused):
    """WGAN-GP on JAX: a jitted step for each player; with `fused` > 1, one `lax.scan` of iterations."""
    import jax
    import jax.numpy as jnp
    import optax

    x = jnp.asarray(x)
    adam = optax.adam(RATE, *BETAS, eps=1e-7)
    g = [v.value for v in generator.trainable_variables]
    g_rest = [v.value for v in generator.non_trainable_variables]
    c = [v.value for v in critic.trainable_variables]
    c_rest = [v.value for v in critic.non_trainable_variables]

    def make(g, g_rest, key):
        return generator.stateless_call(g, g_rest, jax.random.normal(key, (batch_size, latent_dim)), training=True)

    def judge(c, images):
        return critic.stateless_call(c, c_rest, images, training=True)[0]

    def critic_loss(c, g, g_rest, key):
        rows, noise, mix = jax.random.split(key, 3)
        real = x[jax.random.randint(rows, (batch_size,), 0, len(x))]
        fake, g_rest = make(g, g_rest, noise)
        e = jax.random.uniform(mix, (batch_size,) + (1,) * (real.ndim - 1))
        slope = jax.grad(lambda images: judge(c, images).sum())(e * real + (1 - e) * fake)
        norm = jnp.sqrt(jnp.sum(slope**2, axis=tuple(range(1, slope.ndim))) + 1e-12)
        loss = judge(c, fake).mean() - judge(c, real).mean() + PENALTY * jnp.mean((norm - 1) ** 2)
        return loss, g_rest

    def generator_loss(g, c, g_rest, key):
        fake, g_rest = make(g, g_rest, key)
        return -judge(c, fake).mean(), g_rest

    def critic_step(state, key):
        g, c, g_rest, g_state, c_state = state
        (loss, g_rest), slope = jax.value_and_grad(critic_loss, has_aux=True)(c, g, g_rest, key)
        updates, c_state = adam.update(slope, c_state)
        return (g, optax.apply_updates(c, updates), g_rest, g_state, c_state), loss

    def generator_step(state, key):
        g, c, g_rest, g_state, c_state = state
        (loss, g_rest), slope = jax.value_and_grad(generator_loss, has_aux=True)(g, c, g_rest, key)
        updates, g_state = adam.update(slope, g_state)
        return (optax.apply_updates(g, updates), c, g_rest, g_state, c_state), loss

    state = jax.tree.map(jnp.copy, (g, c, g_rest, adam.init(g), adam.init(c)))

    def iteration(state, key):
        keys = jax.random.split(key, TURNS + 1)
        state, _ = jax.lax.scan(critic_step, state, keys[:-1])
        return generator_step(state, keys[-1])

    single = [jax.jit(step, donate_argnums=0) for step in (critic_step, generator_step)]
    many = jax.jit(lambda state, keys: jax.lax.scan(iteration, state, keys), donate_argnums=0)
    held = {"state": state, "key": jax.random.key(0)}

    def run(iterations):
        state = held["state"]
        for _ in range(iterations // fused):
            held["key"], key = jax.random.split(held["key"])
            if fused > 1:
                state, loss = many(state, jax.random.split(key, fused))
            else:
                keys = jax.random.split(key, TURNS + 1)
                for k in range(TURNS):
                    state, loss = single[0](state, keys[k])
                state, loss = single[1](state, keys[-1])
        held["state"] = jax.block_until_ready(state)
        return np.asarray(loss)

    return run


def tensorflow_wgan_gp(generator, critic, x, latent_dim, batch_size, fused):
    """WGAN-GP on TensorFlow: one `tf.function` an iteration; with `fused` > 1, a loop of them inside it, with XLA."""
    import tensorflow as tf

    x = tf.constant(x)
    rate = {"learning_rate": RATE, "beta_1": BETAS[0], "beta_2": BETAS[1]}
    g_adam, c_adam = keras.optimizers.Adam(**rate), keras.optimizers.Adam(**rate)
    g_adam.build(generator.trainable_variables)
    c_adam.build(critic.trainable_variables)
    axes = list(range(1, len(x.shape)))
    mix_shape = (batch_size,) + (1,) * len(axes)

    def critic_step():
        real = tf.gather(x, tf.random.uniform((batch_size,), 0, len(x), tf.int32))
        fake = generator(tf.random.normal((batch_size, latent_dim)), training=True)
        e = tf.random.uniform(mix_shape)
        between = e * real + (1 - e) * fake
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(between)
                score = critic(between, training=True)
            slope = inner.gradient(score, between)
            norm = tf.sqrt(tf.reduce_sum(slope**2, axes) + 1e-12)
            loss = tf.reduce_mean(critic(fake, training=True)) - tf.reduce_mean(critic(real, training=True))
            loss += PENALTY * tf.reduce_mean((norm - 1) ** 2)
        c_adam.apply(tape.gradient(loss, critic.trainable_variables), critic.trainable_variables)

    def generator_step():
        noise = tf.random.normal((batch_size, latent_dim))
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(critic(generator(noise, training=True), training=True))
        g_adam.apply(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables)
        return loss

    @tf.function(jit_compile=fused > 1)
    def iterations():
        loss = 0.0
        for _ in tf.range(fused):
            for _ in range(TURNS):
                critic_step()
            loss = generator_step()
        return loss

    def run(count):
        for _ in range(count // fused):
            loss = iterations()
        return loss.numpy()

    return run


BY_HAND = {"jax": jax_wgan_gp, "tensorflow": tensorflow_wgan_gp}
