import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Drive, motionOf, RENEW_MS, type Motion } from "@/ptz/drive";

describe("moving a camera", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function rig() {
    const said: string[] = [];
    const answers: (() => void)[] = [];
    const drive = new Drive({
      move: (motion: Motion) => {
        said.push(JSON.stringify(motion));
        return new Promise<void>((done) => answers.push(done));
      },
      stop: () => {
        said.push("stop");
        return Promise.resolve();
      },
    });
    const answer = async (): Promise<void> => {
      answers.splice(0).forEach((done) => done());
      await vi.advanceTimersByTimeAsync(0);
    };
    return { drive, said, answer };
  }

  it("renews while held, and stops once when let go", async () => {
    const { drive, said, answer } = rig();
    drive.hold({ pan: 1 });
    await answer();
    await vi.advanceTimersByTimeAsync(2 * RENEW_MS);
    await answer();
    drive.release();
    drive.release();
    await vi.advanceTimersByTimeAsync(10 * RENEW_MS);
    expect(said).toEqual(['{"pan":1}', '{"pan":1}', '{"pan":1}', "stop"]);
    expect(drive.moving).toBe(false);
  });

  it("stops again when the first stop may have overtaken the motion", async () => {
    const { drive, said, answer } = rig();
    drive.hold({ tilt: -1 });
    drive.release();
    expect(said).toEqual(['{"tilt":-1}', "stop"]);
    await answer();
    expect(said).toEqual(['{"tilt":-1}', "stop", "stop"]);
  });

  it("does not stop a motion that was begun after the stop", async () => {
    const { drive, said, answer } = rig();
    drive.hold({ pan: 1 });
    drive.release();
    drive.hold({ pan: -1 });
    await answer();
    expect(said).toEqual(['{"pan":1}', "stop", '{"pan":-1}']);
    expect(drive.moving).toBe(true);
    drive.release();
  });

  it("changes direction at once, and sends nothing for the same one", () => {
    const { drive, said } = rig();
    drive.hold({ pan: 1 });
    drive.hold({ pan: 1 });
    drive.hold({ pan: 1, tilt: 1 });
    expect(said).toEqual(['{"pan":1}', '{"pan":1,"tilt":1}']);
    drive.release();
  });

  it("halts a cruise nobody here began", () => {
    const { drive, said } = rig();
    drive.release();
    expect(said).toEqual([]);
    drive.halt();
    expect(said).toEqual(["stop"]);
  });
});

describe("keys that are down together", () => {
  it.each<[string[], Motion | null]>([
    [[], null],
    [["ArrowLeft"], { pan: -1 }],
    [["ArrowLeft", "ArrowUp"], { pan: -1, tilt: 1 }],
    [["ArrowLeft", "ArrowRight"], null],
    [["ArrowLeft", "ArrowRight", "ArrowDown"], { tilt: -1 }],
    [["+", "="], { zoom: 1 }],
    [["x"], null],
  ])("%j", (keys, motion) => expect(motionOf(new Set(keys))).toEqual(motion));
});
