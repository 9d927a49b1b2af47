// A walk between two latents along the sphere, and a step from one digit's mean latent to another's.
const N = 64;
const slerp = (a, b, t) => {
  const length = v => Math.hypot(...v), cosine = a.reduce((s, x, i) => s + x * b[i], 0) / length(a) / length(b);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine))), size = (1 - t) * length(a) + t * length(b);
  return a.map((x, i) => size * (Math.sin((1 - t) * angle) * x / length(a) + Math.sin(t * angle) * b[i] / length(b)) / Math.sin(angle));
};

begin(async () => {
  const session = await model("dcgan-mnist-generator");
  let seeds = [3, 11], from = new Float32Array(N), to = new Float32Array(N);
  const show = latest(async () => {
    const t = Number($("t").value), amount = Number($("amount").value);
    const step = CONSTANTS.means[$("to").value].map((m, i) => amount * (m - CONSTANTS.means[$("from").value][i]));
    const between = slerp(from, to, t), z = new Float32Array(4 * N);
    z.set(from, 0); z.set(to, N); z.set(between, 2 * N); z.set(between.map((x, i) => x + step[i]), 3 * N);
    const images = await run(session, { [session.inputNames[0]]: [z, [4, N]] });
    playground.last = images;
    ["first", "second", "walk", "moved"].forEach((id, k) => draw($(id), images.subarray(784 * k, 784 * k + 784), [1, 28, 28, 1], 1));
    say(`${(100 * t).toFixed(0)} % of the way; ${amount.toFixed(2)} of the step from ${$("from").value} to ${$("to").value}`);
  });
  const renew = k => { from = random(seeds[0]).normals(N); to = random(seeds[1]).normals(N); return show(); };
  $("new1").onclick = () => { seeds[0] += 101; renew(); };
  $("new2").onclick = () => { seeds[1] += 101; renew(); };
  for (const id of ["t", "amount", "from", "to"]) $(id).oninput = show;
  playground.set = async (a, b, t) => { from = Float32Array.from(a); to = Float32Array.from(b); $("t").value = t; $("amount").value = 0; await show(); };
  await renew();
});
