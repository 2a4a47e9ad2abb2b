// The collector: reports where a visit came from, once for each landing that shows it, and gives the checkout the
// journey's key. docs/collector.md says what is sent and stored. It sets no cookie and reads nothing of the device.
// `make collector` minifies it: a change here has no effect before.
(() => {
  const name = "skeldir";
  const script = document.currentScript;
  if (!script || window[name]) return;

  const areas = { session: "sessionStorage", granted: "localStorage" };
  const stored = /^([0-9a-f]{32})\.(\d+)$/;
  // All kinds that the server knows, and the endings of others.
  const clicks =
    /^(_kx|awc|cjevent|epik|gad_(campaignid|source)|[gw]braid|igshid|li_fat_id|(mc|rdt)_[ce]id|srsltid|sccid)$|(cl|clk|click_?)id$/;

  let mode;
  // The key, where the browser refuses to store it.
  let memory;
  let isSent;

  // Whatever fails in here must not fail the page.
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {}
  };

  const random = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join("");

  // What is stored in an area, as [text, key, time], or a value that is false.
  const read = (area) => attempt(() => stored.exec(window[area].getItem(name)));

  const isLive = (wanted, found) =>
    found && Date.now() - found[2] < (wanted == "session" ? 18e5 : 864e5 * (script.dataset.days || 30));

  const journey = () => (areas[mode] && ((read(areas[mode]) || [])[1] || memory)) || null;

  const bare = (host) => host.replace(/^www\./, "");

  // What the address and the referrer of this load show; undefined if it is no landing, or shows nothing.
  const landing = attempt(() => {
    const entry = performance.getEntriesByType("navigation")[0];
    // Neither a reload nor a step back is a landing.
    if (entry && /^[rb]/.test(entry.type)) return;
    // A single-page app may have changed the address before this runs.
    const url = new URL(entry ? entry.name : location.href);
    const from = document.referrer && new URL(document.referrer).hostname;
    if (bare(from) == bare(url.hostname)) return;
    const said = { p: url.origin + url.pathname, r: from, g: [] };
    let isShown = from;
    new URLSearchParams((url.search + url.hash + location.hash).replace(/[?#]/g, "&")).forEach((value, parameter) => {
      parameter = parameter.toLowerCase();
      if (!value) return;
      if (/^utm_(source|medium|campaign)$/.test(parameter)) {
        // s, m, c
        said[parameter[4]] = isShown = said[parameter[4]] || value.slice(0, 200);
      } else if (clicks.test(parameter)) {
        // The name only, never the value.
        said.g.push((isShown = parameter));
      }
    });
    return isShown && said;
  });

  const report = () => {
    if (document.prerendering) return document.addEventListener("prerenderingchange", report);
    const key = journey();
    if (isSent || !landing || !key) return;
    isSent = 1;
    const address = new URL("v1", script.src).href;
    const body = JSON.stringify(
      Object.assign(
        // w: whether what scripts store is deleted early, as WebKit does after 7 days, or not stored at all.
        { k: script.dataset.key, j: key, i: random(), o: mode, w: memory || /^Apple/.test(navigator.vendor) ? 1 : 0 },
        landing,
      ),
    );
    // Text needs no preflight. fetch can leave cookies out, and states the page's origin whatever its referrer policy.
    if ("keepalive" in Request.prototype) {
      fetch(address, { method: "POST", body, credentials: "omit", keepalive: true }).catch(() => {});
    } else {
      navigator.sendBeacon(address, body);
    }
  };

  const enter = (wanted, clears) =>
    attempt(() => {
      const before = journey();
      mode = areas[wanted] && !navigator.globalPrivacyControl ? wanted : "denied";
      const area = areas[mode];
      if (clears) {
        Object.values(areas).forEach((other) => other == area || attempt(() => window[other].removeItem(name)));
      }
      memory = null;
      if (!area) return;
      const found = read(area);
      const old = isLive(mode, found) && found;
      const key = (old && old[1]) || before || random();
      // In localStorage a key is of use until its last landing is out of the lookback; in sessionStorage, while pages
      // are loaded.
      const at = old && mode == "granted" && !landing ? old[2] : Date.now();
      attempt(() => window[area].setItem(name, key + "." + at));
      if (!read(area)) memory = key;
      report();
    });

  window[name] = {
    // Changes the mode: "denied" deletes the key, "session" and "granted" move it.
    consent: (wanted) => {
      enter(wanted, 1);
    },
    // Returns the journey's key, for the metadata of a checkout; null if there is none.
    journey: () => attempt(journey) || null,
  };

  const given = script.dataset.consent;
  // Who agreed on an earlier visit has a key in localStorage.
  const isKnown = given == "session" && isLive("granted", read(areas.granted));
  enter(isKnown ? "granted" : given, navigator.globalPrivacyControl);
})();
