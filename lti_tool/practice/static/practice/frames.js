// What a tool in our frame (or in a window that we opened) may ask of us by postMessage.
// Client Side postMessages 0.1: https://www.imsglobal.org/spec/lti-cs-pm/v0p1
// Platform storage 0.1: https://www.imsglobal.org/spec/lti-pm-s/v0p1
(() => {
  const tool = document.getElementById("tool");
  const origins = (tool.dataset.origins || "").split(" ").filter(Boolean);
  const storageIsOn = tool.dataset.storage === "on";
  const LONGEST = 4096;
  const MOST = 500;
  const TALLEST = 20000;
  const shelves = new Map();

  const shelfOf = (origin) => {
    if (!shelves.has(origin)) {
      shelves.set(origin, new Map());
    }
    return shelves.get(origin);
  };

  class Refusal extends Error {
    constructor(code, message) {
      super(message);
      this.code = code;
    }
  }

  const checkKey = (data) => {
    if (typeof data.key !== "string" || data.key === "" || data.key.length > LONGEST) {
      throw new Refusal("bad_request", "key has to be text");
    }
  };

  const answers = {
    "lti.capabilities": () => ({
      supported_messages: [
        { subject: "lti.capabilities" },
        { subject: "lti.put_data", frame: "_parent" },
        { subject: "lti.get_data", frame: "_parent" },
        { subject: "lti.frameResize" },
      ],
    }),
    "lti.put_data": (data, origin) => {
      checkKey(data);
      const shelf = shelfOf(origin);
      if (data.value === null || data.value === undefined) {
        shelf.delete(data.key);
        return { key: data.key, value: null };
      }
      if (typeof data.value !== "string") {
        throw new Refusal("bad_request", "value has to be text");
      }
      if (data.value.length > LONGEST || (shelf.size >= MOST && !shelf.has(data.key))) {
        throw new Refusal("storage_exhaustion", "no room for this value");
      }
      shelf.set(data.key, data.value);
      return { key: data.key, value: data.value };
    },
    "lti.get_data": (data, origin) => {
      checkKey(data);
      const shelf = shelfOf(origin);
      return { key: data.key, value: shelf.has(data.key) ? shelf.get(data.key) : null };
    },
  };

  const answer = (event, data) => {
    const reply = { subject: `${data.subject}.response`, message_id: data.message_id };
    try {
      if (!origins.includes(event.origin)) {
        throw new Refusal("wrong_origin", "this origin is not the tool's");
      }
      if (typeof data.message_id !== "string" || data.message_id === "") {
        throw new Refusal("bad_request", "message_id is missing");
      }
      Object.assign(reply, answers[data.subject](data, event.origin));
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      reply.error = { code: error.code, message: error.message };
    }
    event.source.postMessage(reply, event.origin);
  };

  const resize = (event, data) => {
    const height = Number(data.height);
    const isTool = event.source === tool.contentWindow && origins.includes(event.origin);
    if (isTool && Number.isFinite(height) && height > 0) {
      tool.style.height = `${Math.min(Math.ceil(height), TALLEST)}px`;
    }
  };

  window.addEventListener("message", (event) => {
    let data = event.data;
    if (typeof data === "string") {
      // Some tools send the size as JSON text, as Canvas takes it. Everything else has to be an object.
      try {
        data = JSON.parse(data);
      } catch {
        return;
      }
      if (data?.subject !== "lti.frameResize") {
        return;
      }
    }
    if (typeof data !== "object" || data === null || typeof data.subject !== "string") {
      return;
    }
    if (data.subject === "lti.frameResize" || data.subject === "org.imsglobal.lti.frameResize") {
      resize(event, data);
    } else if (data.subject === "org.imsglobal.lti.close" && tool.dataset.close && event.source === tool.contentWindow) {
      window.location.assign(tool.dataset.close);
    } else if (storageIsOn && Object.hasOwn(answers, data.subject)) {
      answer(event, data);
    }
  });
})();
