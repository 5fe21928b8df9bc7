const find = id => document.getElementById(id);

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function drawing(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function small(text) {
  const made = element("span", text);
  made.className = "small";
  return made;
}

function number(cell, text) {
  cell.classList.add("number");
  cell.textContent = text ?? "";
}

function percent(share) {
  return share === undefined ? undefined : `${(100 * share).toFixed(1)} %`;
}

// Three figures, or a whole number where that has more.
function figures(value) {
  return value >= 100 ? value.toFixed(0) : `${+value.toPrecision(3)}`;
}

function fact(list, name, value, kind) {
  const pair = element("div");
  pair.append(element("dt", name), element("dd", value));
  if (kind) pair.className = kind;
  list.append(...(list.classList.contains("tiles") ? [pair] : pair.children));
}

function time(text) {
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

function startPage() {
  const { title, sessions, end, settings, images, limits } = JSON.parse(find("data").textContent);
  document.title = `LungSeg report: ${title}`;
  document.querySelector("h1").textContent = `LungSeg report: ${title}`;
  find("when").textContent = `${time(sessions[0].started)}${end ? ` to ${time(end.at)}` : ""}; ${settings.network}, LungSeg ${settings.version}`;

  const failed = images.filter(image => image.record.error), done = images.filter(image => !image.record.error);
  const flagged = done.filter(image => image.record.flags.length > 0);
  fact(find("summary"), "Images", images.length);
  fact(find("summary"), "Segmented", done.length);
  fact(find("summary"), "With flags", flagged.length, flagged.length > 0 ? "flagged" : "");
  fact(find("summary"), "Failed", failed.length, failed.length > 0 ? "bad" : "");
  const open = limits.expected - images.length;
  const notices = [
    open > 0 ? `The run is not finished: ${open} of ${limits.expected} images are missing here.` : "",
    done.length > limits.thumbnails ? `${limits.thumbnails} images have a preview, those with flags first; the others' would make the page too large.` : "",
  ].filter(Boolean);
  find("notice").hidden = notices.length === 0;
  find("notice").textContent = notices.join(" ");

  find("failed-section").hidden = failed.length === 0;
  for (const { record } of failed) {
    const line = element("li");
    line.append(element("b", record.file), record.error);
    find("failed").append(line);
  }

  const lungs = done.map(image => image.record.lungs), inCentimetres = lungs.length > 0 && lungs.every(each => each.area_mm2 !== null);
  find("histograms").append(
    inCentimetres
      ? histogram({ title: "Lung area", values: lungs.map(each => each.area_mm2 / 100), unit: " cm²", format: figures, from: 0 })
      : histogram({ title: "Lung area, share of the image", values: lungs.map(each => 100 * each.share), unit: " %", format: figures, from: 0 }),
    histogram({
      title: "Confidence: uncertain pixels for each lung pixel, fewer are better", values: lungs.map(each => Math.min(1, each.uncertain_ratio)),
      unit: "", format: figures, from: 0, limit: limits.uncertain,
    }));
  startTable(done, limits.scale);

  for (const [name, value] of Object.entries(settings)) fact(find("settings"), name, value);
  const names = ["started", "shard", "images", ...Object.keys(sessions[0].conditions)];
  for (const name of names) find("session-head").append(element("th", name));
  for (const session of sessions) {
    const row = element("tr"), values = { ...session.conditions, started: time(session.started), shard: session.shard, images: session.images };
    for (const name of names) row.append(element("td", values[name] ?? ""));
    find("sessions").append(row);
  }
}

startPage();
