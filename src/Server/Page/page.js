// Images come in, go to the service as jobs, and are shown with what was found. Nothing leaves this page but to the service itself.
import { View, loadImage, loadMap } from './view.js';

const atOnce = 2;
const downloads = [
  ['mask', 'Mask', '.mask.png'], ['overlay', 'Overlay', '.overlay.png'], ['json', 'JSON', '.json'], ['npy', 'NumPy', '.probabilities.npy'],
  ['seg', 'DICOM SEG', '.seg.dcm'], ['sr', 'DICOM SR', '.sr.dcm'],
];
const $ = id => document.getElementById(id);
const entries = [];
let token = null, running = 0, current = null;
const view = new View($('canvas'), describe);

// The service.

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  for (;;) {
    const response = await fetch(path, { ...options, headers });
    if (response.status === 401) {
      $('token-form').hidden = false;
      throw new Error('the service asks for its token');
    }
    if (response.status === 503 || response.status === 429) {
      await new Promise(done => setTimeout(done, 1000 * Number(response.headers.get('Retry-After') || 2)));
      continue;
    }
    if (!response.ok) {
      const problem = await response.json().catch(() => null);
      throw new Error(problem?.detail || `HTTP ${response.status}`);
    }
    return response;
  }
}

async function segment(entry) {
  const posted = await ask('/v1/jobs?format=json,image,map', { method: 'POST', body: entry.file, headers: { 'Content-Type': 'application/octet-stream' } });
  const location = posted.headers.get('Location');
  let job = await posted.json();
  for (let wait = 100; job.status !== 'done'; wait = Math.min(1000, wait * 1.5)) {
    if (job.status === 'failed') throw new Error(job.error);
    await new Promise(done => setTimeout(done, wait));
    job = await (await ask(location)).json();
  }
  const result = async format => ask(job.results[format]);
  const [found, image, map] = await Promise.all([
    result('json').then(r => r.json()), result('image').then(r => r.blob()).then(loadImage), result('map').then(r => r.blob()).then(loadMap),
  ]);
  // Nothing is left there.
  ask(location, { method: 'DELETE' }).catch(() => {});
  return { found, image, map };
}

// The list.

function add(files) {
  for (const { file, name } of files) {
    const entry = { file, name, state: 'waits' };
    const button = document.createElement('button');
    button.type = 'button';
    button.append(document.createElement('span'), document.createElement('span'));
    button.firstChild.textContent = entry.name;
    button.addEventListener('click', () => select(entry));
    const item = document.createElement('li');
    item.append(button);
    $('list').append(item);
    entry.button = button;
    entries.push(entry);
    mark(entry, 'waits');
  }
  pump();
}

function mark(entry, state, text = state) {
  entry.state = state;
  entry.button.lastChild.textContent = text;
  entry.button.classList.toggle('failed', state === 'failed');
  entry.button.classList.toggle('flagged', state === 'done' && entry.found.flags.length > 0);
  tell();
}

function tell() {
  const ended = entries.filter(e => e.state === 'done' || e.state === 'failed').length, failed = entries.filter(e => e.state === 'failed').length;
  $('progress').hidden = ended === entries.length;
  $('progress').max = Math.max(1, entries.length);
  $('progress').value = ended;
  $('status').textContent = entries.length === 0 ? '' : `${ended} of ${entries.length} ${entries.length === 1 ? 'image' : 'images'} done${failed ? `, ${failed} failed` : ''}`;
}

function pump() {
  while (running < atOnce) {
    const entry = entries.find(e => e.state === 'waits');
    if (!entry) return;
    running++;
    mark(entry, 'works', '…');
    segment(entry).then(result => {
      Object.assign(entry, result);
      const flags = result.found.flags.length;
      mark(entry, 'done', flags ? `${flags} ${flags === 1 ? 'flag' : 'flags'}` : 'done');
      if (!current || current.state === 'failed') select(entry);
      else if (current === entry) select(entry);
      // Images of a large folder would fill the memory: those far from the one that is shown are loaded again when asked for.
      forget();
    }, error => {
      entry.error = error.message;
      if ($('token-form').hidden) mark(entry, 'failed');
      else mark(entry, 'waits-for-token', 'token?');
      if (!current || current === entry) select(entry);
    }).finally(() => {
      running--;
      pump();
    });
  }
}

function forget() {
  const loaded = entries.filter(e => e.image && e !== current);
  for (const entry of loaded.slice(0, Math.max(0, loaded.length - 20))) entry.image = entry.map = null;
}

// One image.

async function select(entry) {
  for (const each of entries) each.button.setAttribute('aria-current', String(each === entry));
  current = entry;
  $('facts').hidden = false;
  $('name').textContent = entry.name;
  $('flags').replaceChildren();
  $('areas').hidden = $('downloads').hidden = entry.state !== 'done';
  $('viewer').hidden = entry.state !== 'done';
  $('at-threshold').textContent = '';
  if (entry.state !== 'done') {
    if (entry.error) line($('flags'), entry.error, 'bad');
    return;
  }
  if (!entry.image) {
    try {
      Object.assign(entry, await segment(entry));
    } catch (error) {
      entry.error = error.message;
      mark(entry, 'failed');
      if (current === entry) select(entry);
      return;
    }
    if (current !== entry) return;
  }
  for (const flag of entry.found.flags) line($('flags'), `${flag.question} (${flag.trigger})`);
  for (const decision of entry.found.image.decisions.filter(d => d.warning)) line($('flags'), `${decision.topic}: ${decision.text}`);
  areas(entry.found);
  view.threshold = $('threshold').value / 100;
  view.show(entry.image, entry.map);
  toggle($('invert'), view.inverted);
}

function line(list, text, kind = '') {
  const item = document.createElement('li');
  item.textContent = text;
  item.className = kind;
  list.append(item);
}

function areas({ lungs, method }) {
  const number = (px, mm2) => mm2 == null ? `${px.toLocaleString('en')} px` : `${(mm2 / 100).toFixed(1)} cm²`;
  const rows = [['Right lung', lungs.right], ['Left lung', lungs.left], ['Joined', lungs.joined]].filter(([, lung]) => lung)
    .map(([name, lung]) => [name, number(lung.area_px, lung.area_mm2)]);
  rows.push(['Both', number(lungs.area_px, lungs.area_mm2)], ['Share of the image', `${(100 * lungs.share).toFixed(1)} %`]);
  rows.push(['Network', `${method.network}, ${method.network_size} px`]);
  $('areas').tBodies[0].replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement('tr'), head = document.createElement('th'), cell = document.createElement('td');
    head.scope = 'row';
    head.textContent = name;
    cell.textContent = value;
    row.append(head, cell);
    return row;
  }));
}

function describe() {
  if (!current?.found) return;
  const share = `${(100 * view.share).toFixed(1)} % of the image at threshold ${view.threshold.toFixed(2)}, before clean-up`;
  $('at-threshold').textContent = share;
  $('canvas').setAttribute('aria-label', `${current.name}: lungs are ${share}`);
}

async function download(entry, format, extension, button) {
  button.disabled = true;
  try {
    const response = await ask(`/v1/segment?format=${format}&threshold=${view.threshold}`, { method: 'POST', body: entry.file, headers: { 'Content-Type': 'application/octet-stream' } });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = entry.file.name.replace(/\.[^.]*$/, '') + extension;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    $('status').textContent = `${link.download} is downloaded`;
  } catch (error) {
    $('status').textContent = `${format}: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

// What the user does.

function threshold(value) {
  const text = (value / 100).toFixed(2);
  $('threshold').value = value;
  $('threshold-value').textContent = text;
  view.setThreshold(Number(text));
}

function toggle(button, value) {
  button.setAttribute('aria-pressed', String(value));
}

function outlines() {
  view.set('outlines', !view.outlines);
  toggle($('outlines'), view.outlines);
}

function invert() {
  if (!view.image) return;
  view.invert();
  toggle($('invert'), view.inverted);
}

function step(by) {
  const at = entries.indexOf(current) + by;
  if (entries[at]) select(entries[at]);
}

const keys = {
  '+': () => view.zoom(1.25), '=': () => view.zoom(1.25), '-': () => view.zoom(0.8), 0: () => view.fit(), '[': () => threshold(Math.max(1, $('threshold').value - 1)),
  ']': () => threshold(Math.min(99, Number($('threshold').value) + 1)), i: invert, o: outlines, n: () => step(1), p: () => step(-1),
  ArrowLeft: () => view.pan(40, 0), ArrowRight: () => view.pan(-40, 0), ArrowUp: () => view.pan(0, 40), ArrowDown: () => view.pan(0, -40),
};

$('canvas').addEventListener('keydown', e => {
  const act = keys[e.key] ?? keys[e.key.toLowerCase()];
  if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  act();
});
$('fit').addEventListener('click', () => view.fit());
$('closer').addEventListener('click', () => view.zoom(1.25));
$('farther').addEventListener('click', () => view.zoom(0.8));
$('invert').addEventListener('click', invert);
$('outlines').addEventListener('click', outlines);
$('opacity').addEventListener('input', e => {
  $('opacity-value').textContent = `${e.target.value} %`;
  view.set('opacity', e.target.value / 100);
});
$('threshold').addEventListener('input', e => threshold(Number(e.target.value)));
for (const choice of document.getElementsByName('drag')) choice.addEventListener('change', () => view.set('drag', choice.value));
for (const id of ['choose', 'choose-folder']) {
  $(id).addEventListener('change', e => {
    add(chosen(e.target.files));
    e.target.value = '';
  });
}
$('token-form').addEventListener('submit', e => {
  e.preventDefault();
  token = $('token').value.trim();
  $('token').value = '';
  $('token-form').hidden = true;
  for (const entry of entries.filter(each => each.state === 'waits-for-token')) mark(entry, 'waits');
  pump();
});
for (const [format, name, extension] of downloads) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('click', () => download(current, format, extension, button));
  $('downloads').append(button);
}

// Files and folders that are chosen, or dropped anywhere; hidden files are passed over.

function chosen(files) {
  return [...files].filter(file => !file.name.startsWith('.')).map(file => ({ file, name: file.webkitRelativePath || file.name }));
}

async function files(entry) {
  if (entry.isFile && entry.name.startsWith('.')) return [];
  if (entry.isFile) return [{ file: await new Promise((done, fail) => entry.file(done, fail)), name: entry.fullPath.slice(1) }];
  const reader = entry.createReader(), all = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return all;
    for (const each of some) all.push(...await files(each));
  }
}

document.addEventListener('dragover', e => {
  e.preventDefault();
  $('drop').classList.add('over');
});
document.addEventListener('dragleave', () => $('drop').classList.remove('over'));
document.addEventListener('drop', async e => {
  e.preventDefault();
  $('drop').classList.remove('over');
  const dropped = [...e.dataTransfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (dropped.length === 0) add(chosen(e.dataTransfer.files));
  for (const entry of dropped) add(await files(entry));
});
