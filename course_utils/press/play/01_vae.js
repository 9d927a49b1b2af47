// Two numbers, one digit: the decoder of lecture 01 under the finger.
const LIMIT = 3, SIZE = 420, GRID = 15;
const decode = (session, z) => run(session, { [session.inputNames[0]]: [z, [z.length / 2, 2]] });
const grey = logits => logits.map(l => Math.tanh(l / 2));

begin(async () => {
  const session = await model("vae-mnist-z2-decoder");
  const map = $("plane"), shown = $("image"), context = map.getContext("2d");
  const z = new Float32Array(2 * GRID * GRID);
  for (let i = 0; i < GRID * GRID; i++) {
    z[2 * i] = LIMIT * (2 * ((i % GRID) + 0.5) / GRID - 1);
    z[2 * i + 1] = LIMIT * (1 - 2 * (Math.floor(i / GRID) + 0.5) / GRID);
  }
  const ground = document.createElement("canvas");
  draw(ground, grey(await decode(session, z)), [GRID * GRID, 28, 28, 1], GRID);
  const show = latest(async () => {
    const image = grey(await decode(session, Float32Array.of(point.x, point.y)));
    playground.last = image;
    draw(shown, image, [1, 28, 28, 1], 1);
    context.globalAlpha = 1;
    context.clearRect(0, 0, SIZE, SIZE);
    context.globalAlpha = 0.45;
    context.drawImage(ground, 0, 0, SIZE, SIZE);
    context.globalAlpha = 1;
    for (const radius of [1, 2]) {
      context.beginPath();
      context.arc(SIZE / 2, SIZE / 2, radius * SIZE / 2 / LIMIT, 0, 7);
      context.lineWidth = 2;
      context.strokeStyle = "#0072b2";
      context.stroke();
    }
    cross(context, SIZE, LIMIT, point);
    say(`z = (${point.x.toFixed(2)}, ${point.y.toFixed(2)}), ${Math.hypot(point.x, point.y).toFixed(2)} from the middle`);
  });
  const point = plane(map, LIMIT, show);
  playground.set = async (x, y) => { point.x = x; point.y = y; await show(); };
  await show();
});
