#!/usr/bin/env node
// Speak the arguments: node speak.js The kettle is on. No packages are needed.
// Or standard input while it comes, as a language model writes it: MODEL | node speak.js -
// A text asks again as docs/reference/protocol.md says, so that a restart of the daemon loses
// nothing. A stream may pause for as long as it likes, and ends with this process.
const fs = require("node:fs");
const net = require("node:net");
const { randomUUID } = require("node:crypto");

const system = "/run/edge-voice/edge-voice.sock";
const runtime = process.env.XDG_RUNTIME_DIR;
const own = runtime && !fs.existsSync(system) ? `${runtime}/edge-voice.sock` : system;
const path = process.env.EDGE_VOICE_SOCKET ?? own;
const patience = 1000 * Number(process.env.EDGE_VOICE_PATIENCE_S ?? 10);
const streams = process.argv[2] === "-";
const wanted = { text: process.argv.slice(2).join(" "), id: randomUUID(), again: "speak" };
let reached = Date.now();
let ended = false;
let textEnded = !streams;
let begun = false;
ask();

function ask() {
  const daemon = net.connect(path, () => {
    if (!streams) return send(daemon, "speak", wanted);
    begun = true;
    send(daemon, "speak-start", { id: wanted.id, while_connected: true, interruptions: true });
    feed(daemon);
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
    // The pieces of a stream are not kept, so what was begun cannot be asked for again.
    if (begun || Date.now() - reached > patience) fail(daemon, lost);
    else setTimeout(ask, 200);
  });
}

function send(daemon, type, data) {
  return daemon.write(JSON.stringify({ type, data }) + "\n");
}

function feed(daemon) {
  process.stdin.setEncoding("utf8").on("data", (text) => {
    for (const piece of text.match(/[^]{1,5000}/gu)) {
      if (send(daemon, "speak-chunk", { text: piece })) continue;
      process.stdin.pause(); // 20,000 characters wait to be spoken
      daemon.once("drain", () => process.stdin.resume());
    }
  });
  process.stdin.on("end", () => {
    textEnded = true;
    send(daemon, "speak-stop", {});
  });
}

function tell(daemon, type, data) {
  const end = type === "speak-finished" || type === "speak-cancelled";
  if (type === "speak-cancelled" && data.reason === "shutdown") {
    if (streams || wanted.again === "report") fail(daemon, `broken off after ${data.seconds} s`);
    else daemon.destroy(); // it was not begun
    return;
  }
  if (type === "error") return fail(daemon, `${data.text}\n${data.remedy}`);
  const { reason, seconds, text_end: place } = streams ? data : {};
  if (wanted.again === "speak" || end)
    console.log([type, reason, seconds, place].filter((shown) => shown !== undefined).join(" "));
  if (type === "speak-started" && !streams) wanted.again = "report";
  if (!end) return;
  if (!textEnded && type === "speak-finished")
    return fail(daemon, "it ended before all of its text had come: the rest is not spoken");
  ended = true;
  daemon.end();
  process.stdin.destroy();
}

function fail(daemon, why) {
  ended = true;
  console.error(why);
  process.exitCode = 1;
  daemon.destroy();
  process.stdin.destroy();
}
