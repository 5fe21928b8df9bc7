// What OHIF's handler of segmentations shows of a study: node display-sets.cjs SEG.dcm... prints the display sets as JSON, series by series.
const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');
const dcmjs = require('dcmjs');

// Of what the handler asks for beside dcmjs, its list of display sets needs the order of instances alone: by position where there is one, else
// by number. Everything else may be anything.
const anything = new Proxy(function () {}, {
  get: (target, name) => (name === Symbol.toPrimitive ? () => '' : name === '__esModule' ? false : anything),
  apply: () => anything,
  construct: () => anything,
});
const sortStudyInstances = instances => instances.sort((a, b) => (Number(a.InstanceNumber) || 0) - (Number(b.InstanceNumber) || 0));
const core = {
  utils: { sortStudyInstances, guid: () => 'guid' }, classes: { MetadataProvider: anything }, DicomMetadataStore: anything, log: console, Types: {},
};
const load = Module._load;
Module._load = function (name, ...rest) {
  if (name === '@ohif/core') return core;
  return /^@ohif|^@cornerstonejs|^dcmjs$|^react/.test(name) ? anything : load.call(this, name, ...rest);
};

const file = path.join(__dirname, 'node_modules/@ohif/extension-cornerstone-dicom-seg/dist/ohif-extension-cornerstone-dicom-seg.umd.js');
const extension = require(file);
const displaySetService = { getDisplaySetsForReferences: () => [], subscribe: () => ({ unsubscribe() {} }), EVENTS: {} };
const [handler] = [].concat((extension.default ?? extension).getSopClassHandlerModule({
  servicesManager: { services: { displaySetService } }, extensionManager: {},
}));

const series = new Map();
for (const name of process.argv.slice(2)) {
  const content = fs.readFileSync(name);
  const { dict } = dcmjs.data.DicomMessage.readFile(content.buffer.slice(content.byteOffset, content.byteOffset + content.length));
  const instance = dcmjs.data.DicomMetaDictionary.naturalizeDataset(dict);
  if (!handler.sopClassUids.includes(instance.SOPClassUID)) throw new Error(`${name}: the handler takes no ${instance.SOPClassUID}`);
  series.set(instance.SeriesInstanceUID, [...(series.get(instance.SeriesInstanceUID) ?? []), instance]);
}
const sets = [...series.values()].flatMap(instances => handler.getDisplaySetsFromSeries(instances));
console.log(JSON.stringify(sets.map(set => ({
  instance: set.SOPInstanceUID, description: set.SeriesDescription, references: set.referencedSeriesInstanceUID ?? set.referencedSeriesInstanceUIDs,
}))));
process.exit(0);
