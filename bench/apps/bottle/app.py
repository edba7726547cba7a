"""The smallest application: what grows is beside it."""

import bottle

app = bottle.Bottle()


@app.get("/healthz")
def healthz():
    return {"status": "ok"}
