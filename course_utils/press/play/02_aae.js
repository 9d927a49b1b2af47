// One architecture, three priors: where draws lie there are digits, elsewhere there is whatever the decoder makes of it.
const SIZE = 420, DRAWS = 600;
const grey = logits => logits.map(l => Math.tanh(l / 2));
const PRIORS = {
  gaussian: { limit: 15, draw: r => [5 * r.normal(), 5 * r.normal()] },
  mixture: { limit: 8, draw: r => {
    const angle = 2 * Math.PI * Math.floor(10 * r.uniform()) / 10, along = 4 + r.normal(), across = 0.3 * r.normal();
    return [along * Math.cos(angle) - across * Math.sin(angle), along * Math.sin(angle) + across * Math.cos(angle)];
  } },
  swiss: { limit: 6.5, draw: r => {
    const t = Math.sqrt(r.uniform()), angle = 4 * Math.PI * t;
    return [5 * t * Math.cos(angle) + 0.25 * r.normal(), 5 * t * Math.sin(angle) + 0.25 * r.normal()];
  } },
};

begin(async () => {
  const sessions = {};
  for (const name of Object.keys(PRIORS)) sessions[name] = await model(`aae-mnist-${name}-decoder`);
  const map = $("plane"), shown = $("image"), context = map.getContext("2d");
  let chosen = "gaussian", draws = [];
  const show = latest(async () => {
    const { limit } = PRIORS[chosen], session = sessions[chosen];
    const at = { x: point.x * limit, y: point.y * limit };
    const image = grey(await run(session, { [session.inputNames[0]]: [Float32Array.of(at.x, at.y), [1, 2]] }));
    playground.last = image;
    draw(shown, image, [1, 28, 28, 1], 1);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, SIZE, SIZE);
    context.fillStyle = "#0072b2";
    for (const [x, y] of draws) context.fillRect(SIZE * (x / limit + 1) / 2 - 1.5, SIZE * (1 - y / limit) / 2 - 1.5, 3, 3);
    cross(context, SIZE, 1, point);
    const nearest = Math.min(...draws.map(([x, y]) => Math.hypot(x - at.x, y - at.y)));
    say(`code (${at.x.toFixed(1)}, ${at.y.toFixed(1)}); the nearest of ${DRAWS} draws of the prior is ${nearest.toFixed(2)} away`);
  });
  const choose = name => {
    chosen = name;
    const r = random(7);
    draws = Array.from({ length: DRAWS }, () => PRIORS[name].draw(r));
    for (const button of document.querySelectorAll("[data-prior]"))
      button.setAttribute("aria-pressed", button.dataset.prior === name);
    return show();
  };
  const point = plane(map, 1, show);
  for (const button of document.querySelectorAll("[data-prior]")) button.onclick = () => choose(button.dataset.prior);
  playground.set = async (name, x, y) => { point.x = x / PRIORS[name].limit; point.y = y / PRIORS[name].limit; await choose(name); };
  await choose("gaussian");
});
