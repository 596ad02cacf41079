// Sound that is played in the browser while it comes, and is kept to be saved.
"use strict";

const AHEAD_S = 0.05; // so that the first pieces are there when they are due

export class Sound {
  /** `volume`: 1 is the voice as it is. */
  constructor(rate, volume) {
    this.rate = rate;
    // The context has the voice's rate: pieces that are resampled each by itself would click.
    this.context = new AudioContext({ sampleRate: rate });
    this.gain = this.context.createGain();
    this.gain.gain.value = volume;
    this.gain.connect(this.context.destination);
    this.pieces = []; // {samples, at: time of the context, from: seconds of the sound}
    this.next = 0;
    this.seconds = 0;
  }

  set volume(value) {
    this.gain.gain.setTargetAtTime(value, this.context.currentTime, 0.01);
  }

  /** `payload`: int16, little-endian, in base64. */
  add(payload) {
    const bytes = Uint8Array.from(atob(payload), c => c.charCodeAt(0));
    const samples = new Int16Array(bytes.buffer);
    if (!samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, this.rate);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
    this.next = Math.max(this.next, this.context.currentTime + AHEAD_S);
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.gain);
    source.start(this.next);
    this.pieces.push({ samples, at: this.next, from: this.seconds });
    this.next += buffer.duration;
    this.seconds += buffer.duration;
  }

  /** Seconds of the sound that were heard. */
  heard() {
    const now = this.context.currentTime - (this.context.outputLatency || 0);
    const piece = this.pieces.findLast(({ at }) => at <= now);
    if (!piece) return 0;
    return piece.from + Math.min(now - piece.at, piece.samples.length / this.rate);
  }

  get over() {
    return this.heard() >= this.seconds - 1e-6;
  }

  close() {
    this.context.close().catch(() => {});
  }

  /** All that came, as a file. */
  wav() {
    const count = this.pieces.reduce((sum, { samples }) => sum + samples.length, 0);
    const head = new DataView(new ArrayBuffer(44));
    const write = (at, text) => [...text].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
    write(0, "RIFF");
    head.setUint32(4, 36 + 2 * count, true);
    write(8, "WAVEfmt ");
    head.setUint32(16, 16, true);
    head.setUint16(20, 1, true); // PCM
    head.setUint16(22, 1, true); // mono
    head.setUint32(24, this.rate, true);
    head.setUint32(28, 2 * this.rate, true);
    head.setUint16(32, 2, true);
    head.setUint16(34, 16, true);
    write(36, "data");
    head.setUint32(40, 2 * count, true);
    return new Blob([head, ...this.pieces.map(({ samples }) => samples)], { type: "audio/wav" });
  }
}
