// The table of images: filtered, sorted, and made some rows at a time as the reader comes to them.
const Rows = 60;

const columns = [
  { key: "flags", title: "Number of flags", head: "Flags", sort: row => row.record.flags.length, most: true, wide: true, fill: fillFlags },
  { key: "name", title: "Name", head: "Image", sort: row => row.record.file },
  { key: "share", title: "Lung share", head: "Lung share", sort: row => row.record.lungs?.share, fill: (cell, r) => number(cell, percent(r.lungs.share)) },
  { key: "area", title: "Lung area", head: "Lung area", sort: row => shown.inMillimetres ? row.record.lungs?.area_mm2 : row.record.lungs?.area_px, fill: fillArea },
  { key: "right", title: "Right lung’s share of both", head: "Right of both", sort: row => rightShare(row.record), fill: (cell, r) => number(cell, percent(rightShare(r))) },
  { key: "uncertain", title: "Uncertainty", head: "Uncertain", sort: row => row.record.lungs?.uncertain_ratio, fill: (cell, r) => number(cell, r.lungs.uncertain_ratio?.toFixed(3)) },
  { key: "size", title: "Size of the image", head: "Size", sort: row => row.record.width * row.record.height, fill: (cell, r) => number(cell, `${r.width} × ${r.height}`) },
];

const shown = { all: [], rows: [], made: 0, column: columns[0], descending: true, overlays: true, scale: 1, inMillimetres: false };

// The head has the image's column first and the flags' after it, as they are read; the list of orders has the flags first.
const headColumns = [columns[1], columns[0], ...columns.slice(2)];

function startTable(rows, scale) {
  shown.all = rows;
  shown.scale = scale;
  // Pixels and square millimetres have no common order: what has no millimetres comes last, where some have them.
  shown.inMillimetres = rows.some(row => row.record.lungs.area_mm2 !== null);
  for (const column of columns) find("sort").append(new Option(column.title, column.key));
  for (const column of headColumns) {
    const head = element("th"), button = element("button", column.head);
    head.scope = "col";
    head.setAttribute("role", "columnheader");
    head.dataset.key = column.key;
    if (!column.wide && column.key !== "name") head.className = "number";
    button.type = "button";
    button.addEventListener("click", () => order(column, column === shown.column ? !shown.descending : column.most));
    head.append(button);
    find("head").append(head);
  }
  fillFilter(rows);
  find("search").addEventListener("input", refresh);
  find("filter").addEventListener("change", refresh);
  find("sort").addEventListener("change", () => {
    const column = columns.find(column => column.key === find("sort").value);
    order(column, column.most);
  });
  find("direction").addEventListener("click", () => order(shown.column, !shown.descending));
  find("controls").addEventListener("submit", event => event.preventDefault());
  find("overlays").addEventListener("click", () => showOverlays(!shown.overlays));
  document.addEventListener("keydown", event => {
    if (event.key === "o" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.matches("input, select")) showOverlays(!shown.overlays);
  });
  find("rows").addEventListener("click", event => {
    const thumb = event.target.closest(".thumb");
    if (thumb) thumb.setAttribute("aria-pressed", thumb.getAttribute("aria-pressed") !== "true");
  });
  addEventListener("scroll", makeRowsAhead, { passive: true });
  addEventListener("resize", makeRowsAhead);
  addEventListener("beforeprint", () => makeRows(Infinity));
  refresh();
}

function order(column, descending = false) {
  shown.column = column;
  shown.descending = descending;
  refresh();
}

function refresh() {
  const words = find("search").value.toLowerCase(), filter = find("filter").value, sign = shown.descending ? -1 : 1, value = shown.column.sort;
  shown.rows = shown.all.filter(row => row.record.file.toLowerCase().includes(words)
    && (filter === "" || (filter === "*" ? row.record.flags.length > 0 : row.record.flags.some(flag => flag.name === filter))));
  // What has no value comes last in either order; what is equal, by name.
  shown.rows.sort((a, b) => missing(value(a)) - missing(value(b)) || sign * compare(value(a), value(b)) || compare(a.record.file, b.record.file));
  find("sort").value = shown.column.key;
  find("direction").textContent = shown.descending ? "Descending ▼" : "Ascending ▲";
  for (const head of find("head").children) {
    if (head.dataset.key === shown.column.key) head.setAttribute("aria-sort", shown.descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  find("count").textContent = `${shown.rows.length} of ${shown.all.length} images`;
  find("rows").replaceChildren();
  shown.made = 0;
  makeRowsAhead();
}

// Rows for what is in view and a screen or two below it.
function makeRowsAhead() {
  while (shown.made < shown.rows.length && find("more").getBoundingClientRect().top < innerHeight + 1500) makeRows(Rows);
}

function makeRows(count) {
  const next = shown.rows.slice(shown.made, shown.made + count);
  shown.made += next.length;
  find("rows").append(...next.map(makeRow));
}

function makeRow({ record, thumbnail }) {
  const row = find("row-template").content.cloneNode(true).firstElementChild;
  row.querySelector(".name").textContent = record.file;
  for (const output of record.outputs) {
    const link = element("a", output.format);
    link.href = output.name.split("/").map(encodeURIComponent).join("/");
    row.querySelector(".outputs").append(link);
  }
  fillThumb(row.querySelector(".thumb"), record, thumbnail);
  for (const column of headColumns.slice(1)) {
    const cell = element("td");
    cell.setAttribute("role", "cell");
    cell.dataset.label = column.head;
    if (column.wide) cell.className = "wide";
    column.fill(cell, record);
    row.append(cell);
  }
  return row;
}

function fillThumb(thumb, record, image) {
  if (!image) {
    thumb.remove();
    return;
  }
  thumb.setAttribute("aria-label", `Lungs on ${record.file}`);
  thumb.setAttribute("aria-pressed", shown.overlays);
  Object.assign(thumb.querySelector("img"), { src: `data:image/jpeg;base64,${image.jpeg}`, width: image.width, height: image.height });
  const svg = thumb.querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${image.width * shown.scale} ${image.height * shown.scale}`);
  for (const [side, path] of Object.entries(image.outlines)) svg.append(drawing("path", { class: side, d: path, "fill-rule": "evenodd" }));
}

function fillFlags(cell, record) {
  for (const flag of record.flags) {
    const line = element("span");
    line.className = "flag";
    line.append(element("b", flag.name.replaceAll("_", " ")), small(`${flag.question} (${flag.trigger})`.replaceAll(" %", "\u00a0%")));
    cell.append(line);
  }
  for (const warning of record.warnings) cell.append(small(`Warning: ${warning}`));
}

function fillArea(cell, record) {
  const { area_mm2: square, area_px: pixels } = record.lungs;
  number(cell, square === null ? `${pixels} px` : `${figures(square / 100)} cm²`);
}

function fillFilter(rows) {
  const flagged = rows.filter(row => row.record.flags.length > 0), names = new Map();
  for (const row of flagged) for (const flag of row.record.flags) names.set(flag.name, (names.get(flag.name) ?? 0) + 1);
  find("filter").append(new Option(`all images (${rows.length})`, ""), new Option(`all with a flag (${flagged.length})`, "*"));
  for (const [name, count] of [...names].sort()) find("filter").append(new Option(`${name.replaceAll("_", " ")} (${count})`, name));
}

function showOverlays(on) {
  shown.overlays = on;
  find("overlays").setAttribute("aria-pressed", on);
  for (const thumb of document.querySelectorAll(".thumb")) thumb.setAttribute("aria-pressed", on);
}

function rightShare({ lungs }) {
  const right = lungs.right?.area_px ?? 0, both = right + (lungs.left?.area_px ?? 0);
  return both > 0 && !lungs.joined ? right / both : undefined;
}

function missing(value) {
  return value === undefined || value === null ? 1 : 0;
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
