// Styles of two latents mixed by layer, truncation in W, and noise.
const N = 64;

begin(async () => {
  const mapping = await model("stylegan-glyphs-mapping"), synthesis = await model("stylegan-glyphs-synthesis");
  const { mean, layers, noise: size } = CONSTANTS;
  let seeds = [2, 9], noises = 4, fixed = null, styles = null;
  const show = latest(async () => {
    const psi = Number($("psi").value), first = Number($("first").value), strength = Number($("strength").value);
    const cut = w => w.map((x, i) => mean[i] + psi * (x - mean[i]));
    const a = cut(styles.subarray(0, N)), b = cut(styles.subarray(N)), w = new Float32Array(3 * layers * N);
    for (let k = 0; k < layers; k++) {
      w.set(a, k * N); w.set(b, (layers + k) * N); w.set(k < first ? a : b, (2 * layers + k) * N);
    }
    const one = random(noises).normals(size).map(x => strength * x), noise = new Float32Array(3 * size);
    for (let k = 0; k < 3; k++) noise.set(one, k * size);
    const [inW, inNoise] = synthesis.inputNames;
    const images = await run(synthesis, fixed ? { [inW]: [fixed[0], [1, layers, N]], [inNoise]: [fixed[1], [1, size]] }
      : { [inW]: [w, [3, layers, N]], [inNoise]: [noise, [3, size]] });
    playground.last = images;
    if (fixed) return;
    ["a", "b", "mixed"].forEach((id, k) => draw($(id), images.subarray(3072 * k, 3072 * (k + 1)), [1, 32, 32, 3], 1));
    say(`layers 1 to ${first} from A, ${first + 1} to ${layers} from B; ψ = ${psi.toFixed(2)}`);
  });
  const renew = async () => {
    const z = new Float32Array(2 * N);
    z.set(random(seeds[0]).normals(N), 0); z.set(random(seeds[1]).normals(N), N);
    styles = await run(mapping, { [mapping.inputNames[0]]: [z, [2, N]] });
    await show();
  };
  $("new1").onclick = () => { seeds[0] += 101; renew(); };
  $("new2").onclick = () => { seeds[1] += 101; renew(); };
  $("noise").onclick = () => { noises += 101; show(); };
  for (const id of ["psi", "first", "strength"]) $(id).oninput = show;
  playground.set = async (w, noise) => { fixed = [Float32Array.from(w), Float32Array.from(noise)]; await show(); fixed = null; };
  await renew();
});
