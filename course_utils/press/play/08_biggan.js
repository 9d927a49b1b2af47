// Say which digit, and how far from the middle latents may lie.
const N = 60, COUNT = 12;

begin(async () => {
  const session = await model("biggan-mnist-generator");
  let label = 3, seed = 5, fixed = null;
  const latents = threshold => {  // numbers beyond the threshold are drawn again
    const r = random(seed);
    return Float32Array.from({ length: COUNT * N }, () => {
      let x = r.normal();
      while (threshold < 3 && Math.abs(x) > threshold) x = r.normal();
      return x;
    });
  };
  const show = latest(async () => {
    const threshold = Number($("threshold").value), z = fixed ?? latents(threshold), n = z.length / N;
    const labels = new Int32Array(n).fill(label);
    const images = await run(session, { [session.inputNames[0]]: [z, [n, N]], [session.inputNames[1]]: [labels, [n]] });
    playground.last = images;
    draw($("images"), images, [n, 28, 28, 1], 6);
    say(`asked for ${label}; ${threshold < 3 ? `latents within ±${threshold.toFixed(2)}` : "no truncation"}`);
  });
  for (const button of document.querySelectorAll("[data-digit]")) button.onclick = () => {
    label = Number(button.dataset.digit);
    for (const other of document.querySelectorAll("[data-digit]")) other.setAttribute("aria-pressed", other === button);
    show();
  };
  $("threshold").oninput = () => { fixed = null; show(); };
  $("new").onclick = () => { fixed = null; seed += 101; show(); };
  playground.set = async (z, digit) => { fixed = Float32Array.from(z); label = digit; await show(); };
  await show();
});
