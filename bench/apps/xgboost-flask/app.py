"""Serves predictions of a tree of three leaves, over HTTP."""

from pathlib import Path

import xgboost
from flask import Flask, jsonify, request

app = Flask(__name__)
model = xgboost.Booster(model_file=str(Path(__file__).with_name("model.json")))


@app.get("/healthz")
def healthz():
    return jsonify(status="ok")


@app.post("/predict")
def predict():
    instances = xgboost.DMatrix(request.get_json()["instances"])
    return jsonify(predictions=model.predict(instances).tolist())
