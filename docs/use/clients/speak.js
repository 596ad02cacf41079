#!/usr/bin/env node
// Speak the arguments: node speak.js The kettle is on. No packages are needed.
// It asks again as docs/reference/protocol.md says, so that a restart of the daemon loses nothing.
const fs = require("node:fs");
const net = require("node:net");
const { randomUUID } = require("node:crypto");

const system = "/run/edge-voice/edge-voice.sock";
const runtime = process.env.XDG_RUNTIME_DIR;
const own = runtime && !fs.existsSync(system) ? `${runtime}/edge-voice.sock` : system;
const path = process.env.EDGE_VOICE_SOCKET ?? own;
const patience = 1000 * Number(process.env.EDGE_VOICE_PATIENCE_S ?? 10);
const wanted = { text: process.argv.slice(2).join(" "), id: randomUUID(), again: "speak" };
let reached = Date.now();
let ended = false;
ask();

function ask() {
  const daemon = net.connect(path, () => {
    daemon.write(JSON.stringify({ type: "speak", data: wanted }) + "\n");
  });
  let lost = "the daemon went away";
  let received = Buffer.alloc(0);
  daemon.on("data", (bytes) => {
    reached = Date.now();
    received = Buffer.concat([received, bytes]);
    for (let end; !ended && (end = received.indexOf("\n")) >= 0; ) {
      const head = JSON.parse(received.subarray(0, end));
      const data = end + 1 + (head.data_length ?? 0);
      const next = data + (head.payload_length ?? 0);
      if (received.length < next) return; // the rest of the frame has not come yet
      tell(daemon, head.type, JSON.parse(received.subarray(end + 1, data).toString() || "{}"));
      received = received.subarray(next);
    }
  });
  daemon.on("error", (error) => (lost = error.message));
  daemon.on("close", () => {
    if (ended) return;
    if (Date.now() - reached > patience) fail(daemon, lost);
    else setTimeout(ask, 200);
  });
}

function tell(daemon, type, data) {
  const end = type === "speak-finished" || type === "speak-cancelled";
  if (type === "speak-cancelled" && data.reason === "shutdown") {
    if (wanted.again === "report") fail(daemon, `broken off after ${data.seconds} s`);
    else daemon.destroy(); // it was not begun
    return;
  }
  if (type === "error") return fail(daemon, `${data.text}\n${data.remedy}`);
  if (wanted.again === "speak" || end) console.log(type);
  if (type === "speak-started") wanted.again = "report";
  if (end) {
    ended = true;
    daemon.end();
  }
}

function fail(daemon, why) {
  ended = true;
  console.error(why);
  process.exitCode = 1;
  daemon.destroy();
}
