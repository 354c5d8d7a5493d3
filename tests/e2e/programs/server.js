// A server that never closes; after as many connections as its argument says it computes for ever.
const fs = require('fs');
const net = require('net');

let taken = 0;
const server = net.createServer({allowHalfOpen: true}, () => {
  taken += 1;
  if (taken !== Number(process.argv[2])) return;
  fs.writeSync(1, 'blocked\n');
  for (;;);
});
server.listen(0, '127.0.0.1', 64, () => fs.writeSync(1, `port ${server.address().port}\n`));
