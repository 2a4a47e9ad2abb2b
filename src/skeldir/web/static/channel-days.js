// Draws the credit of channels by day so that it can be zoomed. Without this script the server's picture stays.
const LONG_STEP = 27 * 86400; // seconds; from here on an axis names months

function colourOf(figure, tone) {
  const swatch = figure.querySelector(`.legend .tone-${tone}`);
  return swatch ? getComputedStyle(swatch).fill : getComputedStyle(figure).color;
}

function draw(place) {
  const figure = place.closest("figure");
  const said = JSON.parse(place.dataset.zoom);
  // The server writes days of English as 1 May 2026.
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const money = new Intl.NumberFormat(language, { minimumFractionDigits: said.places, maximumFractionDigits: said.places });
  const brief = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  const shortDay = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
  const month = new Intl.DateTimeFormat(language, { month: "short", year: "numeric", timeZone: "UTC" });
  const quiet = () => getComputedStyle(place).color;
  const line = () => getComputedStyle(place).borderTopColor;
  const unit = 10 ** said.places;
  const axis = { stroke: quiet, font: "11px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const options = {
    width: place.clientWidth,
    height: 360,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    cursor: { drag: { x: true, y: false } },
    series: [
      { label: place.dataset.day, value: (_, seconds) => (seconds == null ? "" : day.format(new Date(seconds * 1000))) },
      ...said.series.map((each) => ({
        label: each.name,
        stroke: () => colourOf(figure, each.tone),
        width: 1.5,
        points: { show: said.days.length < 2 },
        value: (_, value) => (value == null ? "" : `${money.format(value)} ${said.unit}`),
      })),
    ],
    axes: [{ ...axis, space: 64, incrs: [1, 2, 7, 14, 28, 56, 112, 182].map((days) => days * 86400), values: nameDays }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => brief.format(tick)) }],
    hooks: { setScale: [showLink], drawAxes: [drawMarked] },
  };
  const data = [
    said.days.map((text) => Date.parse(`${text}T00:00:00Z`) / 1000),
    ...said.series.map((each) => each.values.map((value) => value / unit)),
  ];

  function nameDays(_, ticks) {
    const names = ticks.length > 1 && ticks[1] - ticks[0] > LONG_STEP ? month : shortDay;
    return ticks.map((seconds) => names.format(new Date(seconds * 1000)));
  }

  // Days on which something happened that may explain the course of the lines: the page lists what.
  function drawMarked(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = quiet();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const text of said.marked) {
      const x = Math.round(plot.valToPos(Date.parse(`${text}T00:00:00Z`) / 1000, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  // What is zoomed in has an address, too.
  function showLink(plot) {
    const link = figure.querySelector("[data-zoomed]");
    const { min, max } = plot.scales.x;
    const inside = data[0].filter((seconds) => seconds >= min && seconds <= max);
    link.hidden = inside.length === 0 || inside.length === data[0].length;
    if (link.hidden) return;
    const address = new URL(link.dataset.zoomed, location.href);
    const written = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
    address.searchParams.set("from", written(inside[0]));
    address.searchParams.set("to", written(inside[inside.length - 1]));
    link.href = address.href;
  }

  for (const part of figure.querySelectorAll(".on-wide, .on-narrow, .legend")) part.hidden = true;
  figure.querySelector("[data-hint]").hidden = false;
  place.hidden = false;
  options.width = place.clientWidth;
  const plot = new uPlot(options, data, place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 360 })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
}

for (const place of document.querySelectorAll("[data-zoom]")) draw(place);
