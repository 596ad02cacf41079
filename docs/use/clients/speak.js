#!/usr/bin/env node
// Speak the arguments: node speak.js The kettle is on. No packages are needed.
const net = require("node:net");

const path = process.env.EDGE_VOICE_SOCKET ?? "/run/edge-voice/edge-voice.sock";
const daemon = net.connect(path, () => {
  const request = { type: "speak", data: { text: process.argv.slice(2).join(" ") } };
  daemon.write(JSON.stringify(request) + "\n");
});

let received = Buffer.alloc(0);
daemon.on("data", (bytes) => {
  received = Buffer.concat([received, bytes]);
  for (let end; (end = received.indexOf("\n")) >= 0; ) {
    const head = JSON.parse(received.subarray(0, end));
    const data = end + 1 + (head.data_length ?? 0);
    const next = data + (head.payload_length ?? 0);
    if (received.length < next) return; // the rest of the frame has not come yet
    tell(head.type, JSON.parse(received.subarray(end + 1, data).toString() || "{}"));
    received = received.subarray(next);
  }
});
daemon.on("error", (error) => fail(error.message));

function tell(type, data) {
  console.log(type);
  if (type === "error") fail(`${data.text}\n${data.remedy}`);
  if (type === "speak-finished" || type === "speak-cancelled") daemon.end();
}

function fail(why) {
  console.error(why);
  process.exitCode = 1;
  daemon.destroy();
}
