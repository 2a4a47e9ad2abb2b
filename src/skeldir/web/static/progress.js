// Shows how far long work is, as the server streams it. Without this script the page loads itself again.
for (const place of document.querySelectorAll("[data-progress]")) {
  const stream = new EventSource(place.dataset.progress);
  stream.addEventListener("message", (event) => {
    place.innerHTML = event.data;
  });
  stream.addEventListener("end", () => {
    stream.close();
    location.reload();
  });
}
