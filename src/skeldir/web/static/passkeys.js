// Passkeys: asks the site what to ask the device, asks it, and sends the answer by the form. Without this script the
// forms stay hidden, and people sign in by other means.
const read = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const write = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// What a browser gets from the site has texts where the device needs bytes.
function ask(options, makes) {
  options.challenge = read(options.challenge);
  if (!makes) return navigator.credentials.get({ publicKey: options });
  options.user.id = read(options.user.id);
  for (const known of options.excludeCredentials ?? []) known.id = read(known.id);
  return navigator.credentials.create({ publicKey: options });
}

function answer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = write(credential.response[name]);
  }
  return JSON.stringify({ id: write(credential.rawId), type: credential.type, response });
}

// The site answers with a page if it refuses: it takes the place of this one.
async function show(answered) {
  const page = new DOMParser().parseFromString(await answered.text(), "text/html");
  document.title = page.title;
  document.body.replaceWith(page.body);
  prepare();
  document.querySelector("main")?.focus();
}

async function send(form) {
  const fault = form.querySelector("[data-fault]");
  const button = form.querySelector("button");
  fault.hidden = true;
  button.disabled = true;
  try {
    const answered = await fetch(form.dataset.passkey, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answered.headers.get("content-type")?.startsWith("application/json")) return await show(answered);
    const credential = await ask(await answered.json(), "makes" in form.dataset);
    form.elements.credential.value = answer(credential);
    if (form.elements.old) form.elements.old.value = "";
    form.submit();
  } catch (error) {
    fault.textContent = error.name === "InvalidStateError" ? fault.dataset.known : fault.dataset.fault;
    fault.hidden = false;
  }
  button.disabled = false;
}

function prepare() {
  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
  for (const hint of document.querySelectorAll("[data-no-passkey]")) hint.hidden = true;
}

prepare();
