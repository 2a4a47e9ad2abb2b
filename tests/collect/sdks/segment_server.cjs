// Sends a page and an order for each line that it reads, with a library for servers: NAME ADDRESS KEY.
const { createInterface } = require("node:readline");

const [, , name, address, key] = process.argv;

function segment() {
  const { Analytics } = require("@segment/analytics-node");
  const client = new Analytics({ writeKey: key, host: address });
  return { send: (kind, message) => client[kind](message), flush: () => client.flush({ timeout: 60000 }) };
}

function rudder() {
  const module = require("@rudderstack/rudder-sdk-node");
  // By itself it gives up after three tries, in less time than a service takes to start.
  const client = new (module.default ?? module)(key, { dataPlaneUrl: address, retryCount: 10 });
  return { send: (kind, message) => client[kind](message), flush: () => client.flush() };
}

async function main() {
  const library = name === "analytics-node" ? segment() : rudder();
  for await (const word of createInterface({ input: process.stdin })) {
    const anonymousId = `${name}-${word}`;
    const url = `https://shop.example/${word}?utm_source=${name}`;
    library.send("page", { anonymousId, properties: { url }, context: { page: { url } } });
    const properties = { order_id: anonymousId, total: 27.5, currency: "EUR" };
    library.send("track", { anonymousId, event: "Order Completed", properties });
    library.send("identify", { anonymousId, userId: "ada@example.com", traits: { name: "Ada" } });
    await library.flush();
    console.log(`delivered ${word}`);
  }
}

main();
