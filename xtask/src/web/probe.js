// Tries to reach the network in every way that a page has, each at an address of its own, and says which ways.
(async () => {
  const ways = {
    fetch: (address) => fetch(address, { mode: "no-cors" }),
    request: (address) => {
      const request = new XMLHttpRequest();
      request.open("GET", address);
      request.send();
    },
    beacon: (address) => navigator.sendBeacon(address, "text"),
    image: (address) => { new Image().src = address; },
    events: (address) => new EventSource(address),
    socket: (address) => new WebSocket(address.replace("http", "ws")),
    frame: (address) => document.body.append(Object.assign(document.createElement("iframe"), { src: address })),
    media: (address) => { new Audio(address).load(); },
  };
  for (const [name, reach] of Object.entries(ways)) {
    try {
      Promise.resolve(reach(`http://${name}.invalid/`)).catch(() => {});
    } catch {
      // Refused at once.
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  console.log(LAST + JSON.stringify(Object.keys(ways)));
})();
