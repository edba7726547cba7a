"""Serves the sums of numbers, as a layer of torch computes them, over HTTP."""

import torch
from fastapi import FastAPI

app = FastAPI(title="sums")
model = torch.nn.Linear(4, 1, bias=False)
torch.nn.init.ones_(model.weight)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
def predict(body: dict[str, list[list[float]]]) -> dict[str, list[float]]:
    with torch.inference_mode():
        return {"predictions": model(torch.tensor(body["instances"])).flatten().tolist()}
