/** Plugs the talker into the HTTP API, the media door and the microphone. */
import { postJson, remove } from "@/api/client";
import { MediaSocket } from "@/live/player/socket";
import { openMicrophone } from "./microphone";
import type { Purpose, TalkerDeps } from "./talker";

export interface Place {
  kind: "channels" | "devices";
  id: string;
}

interface SpeakTicket {
  door: { port: number; path: string };
  ticket: string;
}

export function talkerDeps(place: Place): TalkerDeps {
  const path = `/api/${place.kind}/${encodeURIComponent(place.id)}/broadcast`;
  return {
    microphone: openMicrophone,
    async open(purpose: Purpose) {
      const { door, ticket } = await postJson<SpeakTicket>(path, { format: "pcma", purpose });
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      return { url: `${scheme}://${location.hostname}:${door.port}${door.path}`, ticket };
    },
    close: () => void remove(path).catch(() => undefined),
    connect(url, ticket, events) {
      return new MediaSocket(url, ticket, {
        opened: () => undefined,
        init: () => undefined,
        frame: () => undefined,
        note: (note) => events.note(note),
        closed: (code) => events.closed(code),
      });
    },
  };
}
