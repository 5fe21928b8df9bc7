// Where a map of probabilities crosses a level: line segments by marching squares, with places between pixels interpolated.

/** The segments as [x1, y1, x2, y2, ...], in pixels of the map, pixel centres at .5. */
export function segments(values, width, height, level) {
  const out = [];
  const at = (x, y) => x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x];
  const between = (a, b) => (level - a) / (b - a);
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const a = at(x, y), b = at(x + 1, y), c = at(x + 1, y + 1), d = at(x, y + 1);
      const kind = (a > level ? 8 : 0) | (b > level ? 4 : 0) | (c > level ? 2 : 0) | (d > level ? 1 : 0);
      if (kind === 0 || kind === 15) continue;
      const top = () => out.push(x + 0.5 + between(a, b), y + 0.5);
      const right = () => out.push(x + 1.5, y + 0.5 + between(b, c));
      const bottom = () => out.push(x + 0.5 + between(d, c), y + 1.5);
      const left = () => out.push(x + 0.5, y + 0.5 + between(a, d));
      switch (kind) {
        case 1: case 14: left(); bottom(); break;
        case 2: case 13: bottom(); right(); break;
        case 3: case 12: left(); right(); break;
        case 4: case 11: top(); right(); break;
        case 6: case 9: top(); bottom(); break;
        case 7: case 8: left(); top(); break;
        // A saddle: the mean says which corners belong together.
        case 5: case 10:
          if ((kind === 5) === ((a + b + c + d) / 4 > level)) { left(); top(); bottom(); right(); } else { left(); bottom(); top(); right(); }
      }
    }
  }
  return out;
}

/** How many values are over the level. */
export function count(values, level) {
  let over = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > level) over++;
  return over;
}
