// A histogram as SVG: bars of equal width from 0 or the least value to the largest, a dashed line where a flag begins.
function histogram({ title, values, unit, format, limit, from }) {
  const figure = element("figure");
  figure.append(element("h3", title));
  if (values.length === 0) {
    figure.append(element("p", "No image has this."));
    return figure;
  }
  const sorted = [...values].sort((a, b) => a - b), quantile = share => sorted[Math.round(share * (sorted.length - 1))];
  const step = niceStep((Math.max(sorted.at(-1), limit ?? 0) - (from ?? sorted[0])) / 20);
  const least = Math.floor((from ?? sorted[0]) / step) * step, bins = Math.max(1, Math.floor((Math.max(sorted.at(-1), limit ?? 0) - least) / step) + 1);
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - least) / step + 1e-9))]++;
  const most = Math.max(...counts), width = 420, height = 150, foot = 24, left = 34;
  const x = i => left + (width - left - 8) * i / bins, tall = count => (height - foot - 10) * count / most;
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const text = `Median ${format(quantile(.5))}${unit}, half of the images from ${format(quantile(.25))} to ${format(quantile(.75))}${unit}, `
    + `all from ${format(sorted[0])} to ${format(sorted.at(-1))}${unit}.`;
  svg.setAttribute("aria-label", `${title}. ${text}`);
  svg.append(drawing("line", { x1: left, x2: width - 8, y1: height - foot, y2: height - foot }));
  counts.forEach((count, i) => {
    const bar = drawing("rect", { class: "bar", x: x(i) + .5, width: Math.max(1, x(i + 1) - x(i) - 1), y: height - foot - tall(count), height: tall(count) });
    bar.append(drawing("title", {}, `${format(least + i * step)} to ${format(least + (i + 1) * step)}${unit}: ${count}`));
    svg.append(bar);
  });
  const every = Math.ceil(bins / 6);
  for (let i = 0; i <= bins; i += every) svg.append(drawing("text", { x: x(i), y: height - 8, "text-anchor": "middle" }, format(least + i * step)));
  svg.append(drawing("text", { x: left - 4, y: 14, "text-anchor": "end" }, `${most}`));
  if (limit !== undefined) {
    const at = x((limit - least) / step), before = at > width * .7;
    svg.append(drawing("line", { class: "limit", x1: at, x2: at, y1: 4, y2: height - foot }));
    svg.append(drawing("text", { class: "limit-text", x: before ? at - 4 : at + 4, y: 14, "text-anchor": before ? "end" : "start" }, "flag"));
  }
  figure.append(svg, element("figcaption", text));
  return figure;
}

// The least of 1, 2, 5 times a power of ten that is not under a width.
function niceStep(width) {
  const power = 10 ** Math.floor(Math.log10(width || 1));
  return [1, 2, 5, 10].map(n => n * power).find(step => step >= width * .999);
}
