// What cornerstone, which draws for OHIF, makes of a segmentation: node labelmap.mjs SOURCE.dcm SEG.dcm LABELMAP
// writes the label of each pixel, a byte each, and prints the names and colours of the segments as JSON.
import fs from 'node:fs';

// cornerstone expects a browser; of it, reading a segmentation needs names alone.
const nothing = () => undefined;
Object.assign(globalThis, {
  window: globalThis,
  self: globalThis,
  document: {
    createElement: () => ({ getContext: () => null, style: {} }), addEventListener: nothing, querySelectorAll: () => [],
    documentElement: { style: {} }, body: {},
  },
  HTMLElement: class {},
  Worker: class { postMessage() {} addEventListener() {} },
  OffscreenCanvas: class {},
  requestAnimationFrame: callback => setTimeout(callback, 0),
  CustomEvent: class extends Event { constructor(type, options) { super(type); this.detail = options?.detail; } },
});

const { adaptersSEG } = await import('@cornerstonejs/adapters');
const { metaData } = await import('@cornerstonejs/core');
const dcmjs = (await import('dcmjs')).default;

const [, , sourceFile, segmentationFile, target] = process.argv;

function bytes(file) {
  const content = fs.readFileSync(file);
  return content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
}

const source = dcmjs.data.DicomMetaDictionary.naturalizeDataset(dcmjs.data.DicomMessage.readFile(bytes(sourceFile)).dict);
const numbers = value => (value == null ? undefined : [].concat(value).map(Number));

// The metadata of the image as OHIF gives it: films without orientation and position lie in a nominal plane.
const imageId = 'wadouri:source';
const orientation = numbers(source.ImageOrientationPatient) ?? [1, 0, 0, 0, 1, 0];
const spacing = numbers(source.PixelSpacing ?? source.ImagerPixelSpacing);
const modules = {
  generalImageModule: { sopInstanceUID: source.SOPInstanceUID, instanceNumber: 1 },
  generalSeriesModule: { modality: source.Modality, seriesInstanceUID: source.SeriesInstanceUID },
  imagePlaneModule: {
    rows: source.Rows, columns: source.Columns, imageOrientationPatient: orientation, rowCosines: orientation.slice(0, 3),
    columnCosines: orientation.slice(3), imagePositionPatient: numbers(source.ImagePositionPatient) ?? [0, 0, 0],
    rowPixelSpacing: spacing?.[0], columnPixelSpacing: spacing?.[1], pixelSpacing: spacing, frameOfReferenceUID: source.FrameOfReferenceUID,
  },
  instance: source,
};
const metadataProvider = { get: (type, id) => (id === imageId ? modules[type] : undefined) };
metaData.addProvider((type, id) => metadataProvider.get(type, id), 10000);

const result = await adaptersSEG.Cornerstone3D.Segmentation.createFromDICOMSegBuffer([imageId], bytes(segmentationFile), { metadataProvider });
const image = result.labelMapImages.flat()[0];
fs.writeFileSync(target, Uint8Array.from(image.voxelManager.getScalarData()));
console.log(JSON.stringify(result.segMetadata.data.filter(Boolean).map(segment => ({ label: segment.SegmentLabel, cielab: segment.RecommendedDisplayCIELabValue }))));
process.exit(0);
