// dcmjs-dimse as sender and receiver: node dimse.cjs PORT OWNPORT COUNT FILE... sends a C-ECHO and the files to LUNGSEG at PORT, listens at OWNPORT
// until COUNT results came, and prints as JSON how each request was answered and what came.
const { Client, Server, Scp, constants, requests, responses } = require('dcmjs-dimse');

const [port, own, count, ...files] = process.argv.slice(2);
const received = [], answers = [];
const fail = error => {
  console.error(String(error));
  process.exit(1);
};

class Archive extends Scp {
  associationRequested(association) {
    association.getPresentationContexts().forEach(({ id }) => {
      const context = association.getPresentationContext(id);
      context.setResult(constants.PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    });
    this.sendAssociationAccept();
  }

  cStoreRequest(request, callback) {
    const data = request.getDataset();
    received.push({ sopClass: request.getAffectedSopClassUid(), instance: request.getAffectedSopInstanceUid(),
      inside: data.getElement('SOPInstanceUID'), modality: data.getElement('Modality'), patient: String(data.getElement('PatientID') ?? '') });
    const response = responses.CStoreResponse.fromRequest(request);
    response.setStatus(constants.Status.Success);
    callback(response);
    if (received.length == count) {
      // The answer is on its way before the process ends.
      setTimeout(() => {
        console.log(JSON.stringify({ answers, received }));
        process.exit(0);
      }, 500);
    }
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

const server = new Server(Archive);
server.on('networkError', fail);
server.listen(Number(own));

const client = new Client();
for (const request of [new requests.CEchoRequest(), ...files.map(file => new requests.CStoreRequest(file))]) {
  request.on('response', response => answers.push(response.getStatus()));
  client.addRequest(request);
}
client.on('networkError', fail);
client.on('associationRejected', fail);
client.send('127.0.0.1', Number(port), 'DCMJS', 'LUNGSEG');
setTimeout(() => fail(`only ${received.length} of ${count} results came; answers ${answers}`), 60000).unref();
