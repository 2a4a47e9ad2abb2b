// Sends a page and an order for each line that it reads, with a library for servers: NAME ADDRESS KEY.
// Neither library tries again, so it is asked again, as a program would that uses it.
const { createInterface } = require("node:readline");

const [, , name, address, key] = process.argv;
const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

function matomo(visitor, url) {
  const MatomoTracker = require("matomo-tracker");
  const client = new MatomoTracker(key, `${address}/matomo.php`);
  const cdt = String(Math.floor(Date.now() / 1000));
  const visit = { _id: visitor, cdt, uid: "ada@example.com", cip: "203.0.113.9" };
  const messages = [
    { ...visit, url, action_name: "Ada's page" },
    { ...visit, url: "https://shop.example/thanks", idgoal: 0, ec_id: visitor, revenue: 27.5, skeldir_currency: "EUR" },
  ];
  return () =>
    new Promise((resolve, reject) => {
      client.once("error", reject);
      client.trackBulk(messages, resolve);
    });
}

function umami(visitor, url) {
  const { Umami } = require("@umami/node");
  const client = new Umami({ hostUrl: address, websiteId: key });
  const timestamp = Math.floor(Date.now() / 1000);
  const message = { hostname: "shop.example", url, id: visitor, timestamp, title: "Ada's page" };
  return async () => {
    const answer = await client.track(message);
    if (!answer.ok) throw new Error(String(answer.status));
    await answer.json();
  };
}

async function main() {
  for await (const word of createInterface({ input: process.stdin })) {
    const visitor = `${name}-${word}`;
    const send = (name === "matomo-tracker" ? matomo : umami)(visitor, `https://shop.example/${word}?utm_source=${name}`);
    for (;;) {
      try {
        await send();
        break;
      } catch {
        await pause();
      }
    }
    console.log(`delivered ${word}`);
  }
}

main();
