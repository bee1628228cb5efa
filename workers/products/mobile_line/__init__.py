"""The business line on a mobile phone: an eSIM server (SGP.22 ES2+) and the network core behind it."""
