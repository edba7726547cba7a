"""What runs inside the image at launch: sizes the server for its container, starts it, and logs its requests.

Runs on the app's own Python beside the user's own versions of everything, so: standard library only, no import of
`ml_buildpack`, and no syntax newer than Python 3.9 (which is why the dataclasses here are neither `slots` nor
`kw_only`). The launch process is `python -m model_server web --interface wsgi|asgi|aiohttp --app module:attribute`.
"""
