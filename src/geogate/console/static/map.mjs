// The map of a release: coarse cells from the server; nothing is fetched from anywhere else.
import { Map as Drawn, NavigationControl, Popup, setWorkerUrl } from "./vendor/maplibre-gl.mjs";

const place = document.getElementById("map");
const said = document.getElementById("map-said");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

const colours = () => dark.matches
  ? { land: "#2b3643", border: "#4a5765", low: "#2f4f75", high: "#8dbdf5", zone: "#ff8a8a", hidden: "#e0b0ff", exact: "#ffd166" }
  : { land: "#f7f5ef", border: "#b9bfc6", low: "#c3d8ef", high: "#17549b", zone: "#b3202a", hidden: "#7b2cbf", exact: "#d97706" };

const nothing = () => ({ type: "FeatureCollection", features: [] });

async function fetched(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  const document = await answer.json().catch(() => null);
  if (!answer.ok || document === null) throw new Error("the console cannot draw the map");
  return document;
}

function square([west, south, positions, zones, hidden], step) {
  const ring = [[west, south], [west + step, south], [west + step, south + step], [west, south + step], [west, south]];
  return { type: "Feature", properties: { positions, zones, hidden }, geometry: { type: "Polygon", coordinates: [ring] } };
}

function ring(colour, radius) {
  return { "circle-radius": radius, "circle-opacity": 0, "circle-stroke-width": 2, "circle-stroke-color": colour };
}

function mark([west, south, , zones, hidden], step) {
  return { type: "Feature", properties: { zones, hidden }, geometry: { type: "Point", coordinates: [west + step / 2, south + step / 2] } };
}

function bounds(cells, step) {
  const west = Math.min(...cells.map((cell) => cell[0]));
  const south = Math.min(...cells.map((cell) => cell[1]));
  const east = Math.max(...cells.map((cell) => cell[0])) + step;
  const north = Math.max(...cells.map((cell) => cell[1])) + step;
  return [[west, Math.max(south, -85)], [east, Math.min(north, 85)]];
}

function style(most, c) {
  const share = ["/", ["ln", ["+", 1, ["get", "positions"]]], Math.log(1 + Math.max(most, 1))];
  const colour = ["interpolate", ["linear"], share, 0, c.low, 1, c.high];
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: place.dataset.countries },
      cells: { type: "geojson", data: nothing() },
      zones: { type: "geojson", data: nothing() },
      exact: { type: "geojson", data: nothing() },
      marks: { type: "geojson", data: nothing() },
    },
    layers: [
      { id: "land", type: "fill", source: "land", paint: { "fill-color": c.land } },
      { id: "borders", type: "line", source: "land", paint: { "line-color": c.border, "line-width": 0.8 } },
      { id: "cells", type: "fill", source: "cells", paint: { "fill-color": colour, "fill-opacity": 0.75 } },
      { id: "hits", type: "line", source: "cells", filter: [">", ["get", "zones"], 0], paint: { "line-color": c.zone, "line-width": 2 } },
      { id: "hidden", type: "line", source: "cells", filter: [">", ["get", "hidden"], 0], paint: { "line-color": c.hidden, "line-width": 2.5, "line-dasharray": [1.5, 1.5] } },
      { id: "zones", type: "line", source: "zones", paint: { "line-color": c.zone, "line-width": 1.5, "line-dasharray": [3, 2] } },
      // Cells are small from afar: what reviewers look for has a ring besides.
      { id: "mark-hits", type: "circle", source: "marks", maxzoom: 9, filter: [">", ["get", "zones"], 0], paint: ring(c.zone, 7) },
      { id: "mark-hidden", type: "circle", source: "marks", maxzoom: 9, filter: [">", ["get", "hidden"], 0], paint: ring(c.hidden, 10) },
      { id: "exact", type: "circle", source: "exact", paint: { "circle-color": c.exact, "circle-radius": 3, "circle-stroke-width": 1, "circle-stroke-color": c.border } },
    ],
  };
}

function table(cells) {
  const fullest = [...cells].sort((one, other) => other[3] - one[3] || other[4] - one[4] || other[2] - one[2]).slice(0, 20);
  const body = document.querySelector("#map-cells tbody");
  for (const [west, south, positions, zones, hidden] of fullest) {
    const row = body.insertRow();
    row.insertCell().textContent = `${south}°, ${west}°`;
    for (const count of [positions, zones, hidden]) {
      const cell = row.insertCell();
      cell.textContent = count.toLocaleString("en");
      cell.className = "num";
    }
  }
  document.getElementById("map-cells").hidden = false;
}

function about(map) {
  map.on("click", "cells", (event) => {
    const { positions, zones, hidden } = event.features[0].properties;
    const more = [[zones, "in zones"], [hidden, "hidden"]].filter(([count]) => count).map(([count, what]) => `${count.toLocaleString("en")} of them ${what}`);
    const text = [`${positions.toLocaleString("en")} positions`, ...more].join(", ");
    new Popup({ closeButton: false }).setLngLat(event.lngLat).setText(text).addTo(map);
  });
}

function sentence(found) {
  const hits = found.cells.filter((cell) => cell[3] > 0).length;
  const kinds = [[found.positions, "positions"], [found.pixels, "pixels"], [found.hidden, "hidden positions"]].filter(([count]) => count);
  const counted = kinds.map(([count, what]) => `${count.toLocaleString("en")} ${what}`).join(", ") || "no positions";
  const parts = [`${counted} in ${found.cells.length.toLocaleString("en")} cells of ${found.step}°`];
  parts.push(hits ? `${hits.toLocaleString("en")} cells with positions in zones have a red edge, and a ring from afar` : "none is in a zone");
  if (found.hidden) parts.push("cells with positions that hide in texts, numbers or names have a dotted violet edge, and a ring");
  if (found.undrawn) parts.push(`${found.undrawn} of ${found.layers} layers cannot be drawn`);
  return `${parts.join("; ")}.`;
}

async function show() {
  said.textContent = "The map is being drawn from the sealed bytes.";
  const found = await fetched(place.dataset.cells);
  const most = found.cells.reduce((largest, cell) => Math.max(largest, cell[2]), 1);
  const features = found.cells.map((cell) => square(cell, found.step));
  const marks = found.cells.filter((cell) => cell[3] || cell[4]).slice(0, 2000).map((cell) => mark(cell, found.step));
  setWorkerUrl(place.dataset.worker);
  const map = new Drawn({
    container: place,
    style: style(most, colours()),
    bounds: found.cells.length ? bounds(found.cells, found.step) : [[-170, -60], [170, 75]],
    fitBoundsOptions: { padding: 40, maxZoom: 7 },
    attributionControl: false,
    dragRotate: false,
    fadeDuration: 0,
    maxZoom: 12,
  });
  if (still) map.stop();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  const fill = async () => {
    map.getSource("cells").setData({ type: "FeatureCollection", features });
    map.getSource("marks").setData({ type: "FeatureCollection", features: marks });
    if (place.dataset.exact) map.getSource("exact").setData(await fetched(place.dataset.exact));
  };
  map.on("load", async () => {
    await fill();
    map.once("idle", () => { place.dataset.ready = "yes"; });
  });
  dark.addEventListener("change", () => { map.setStyle(style(most, colours())); map.once("styledata", fill); });
  about(map);
  table(found.cells);
  said.textContent = sentence(found);
  const zones = document.getElementById("show-zones");
  if (zones) {
    zones.hidden = false;
    zones.addEventListener("click", async () => { zones.disabled = true; map.getSource("zones").setData(await fetched(place.dataset.zones)); });
  }
}

if (place) show().catch((error) => { said.textContent = `There is no map: ${error.message}.`; place.dataset.ready = "no"; });
