// What uPlot does not draw by itself: error bars, bands, marks along an axis, histograms given by their
// edges.
// Each function returns a hook or a path builder; colours are asked for at every drawing, so a theme can
// change.

const DENSE = 9; // CSS pixels between points below which error bars become a band

const ratio = () => window.devicePixelRatio || 1;

/** Draws inside the plot, and a little beyond its sides, so that marks at the very ends are whole. */
function clipped(u, draw) {
  const { left, top, width, height } = u.bbox;
  const side = 5 * ratio();
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left - side, top, width + 2 * side, height);
  u.ctx.clip();
  draw(u.ctx);
  u.ctx.restore();
}

/** One standard error up and down around series `index`: bars with caps, or a band where points are dense. */
export function errorBars(index, errors, colour, bandColour) {
  return (u) =>
    clipped(u, (ctx) => {
      const points = [];
      u.data[index].forEach((y, i) => {
        const error = errors[i];
        if (y === null || y === undefined || !Number.isFinite(error)) return;
        points.push([
          u.valToPos(u.data[0][i], 'x', true),
          u.valToPos(y + error, 'y', true),
          u.valToPos(y - error, 'y', true),
        ]);
      });
      if (points.length > 1 && u.bbox.width / points.length < DENSE * ratio())
        drawBand(ctx, points, bandColour);
      else drawBars(ctx, points, colour);
    });
}

function drawBand(ctx, points, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const [x, high] of points) ctx.lineTo(x, high);
  for (const [x, , low] of [...points].reverse()) ctx.lineTo(x, low);
  ctx.closePath();
  ctx.fill();
}

function drawBars(ctx, points, colour) {
  const cap = 3 * ratio();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.4 * ratio();
  ctx.beginPath();
  for (const [x, high, low] of points) {
    ctx.moveTo(x, high);
    ctx.lineTo(x, low);
    for (const end of [high, low]) {
      ctx.moveTo(x - cap, end);
      ctx.lineTo(x + cap, end);
    }
  }
  ctx.stroke();
}

/** Vertical lines at the given places of the x axis, each with a small triangle at its foot. */
export function verticalMarks(places, colour, { dash = [3, 4], foot = true } = {}) {
  return (u) =>
    clipped(u, (ctx) => {
      const { top, height } = u.bbox;
      const bottom = top + height;
      const size = 4.5 * ratio();
      ctx.strokeStyle = ctx.fillStyle = colour;
      ctx.lineWidth = ratio();
      ctx.setLineDash(dash.map((length) => length * ratio()));
      for (const place of places) {
        const x = u.valToPos(place, 'x', true);
        ctx.beginPath();
        ctx.moveTo(x, top);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        if (!foot) continue;
        ctx.beginPath();
        ctx.moveTo(x - size, bottom);
        ctx.lineTo(x + size, bottom);
        ctx.lineTo(x, bottom - 1.6 * size);
        ctx.fill();
      }
    });
}

/** A horizontal line across the plot. */
export function horizontalLine(value, colour, dash = [6, 4]) {
  return (u) =>
    clipped(u, (ctx) => {
      const y = Math.round(u.valToPos(value, 'y', true)) + 0.5;
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1.2 * ratio();
      ctx.setLineDash(dash.map((length) => length * ratio()));
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, y);
      ctx.lineTo(u.bbox.left + u.bbox.width, y);
      ctx.stroke();
    });
}

/** A path builder that draws series values as the steps of a histogram with the given bin edges. */
export function histogramSteps(edges) {
  return (u, series) => {
    const stroke = new Path2D();
    const base = u.valToPos(0, 'y', true);
    const x = edges.map((edge) => u.valToPos(edge, 'x', true));
    stroke.moveTo(x[0], base);
    u.data[series].forEach((value, bin) => {
      const y = u.valToPos(value ?? 0, 'y', true);
      stroke.lineTo(x[bin], y);
      stroke.lineTo(x[bin + 1], y);
    });
    stroke.lineTo(x[x.length - 1], base);
    const fill = new Path2D(stroke);
    fill.closePath();
    return { stroke, fill, clip: null, flags: 0 };
  };
}
