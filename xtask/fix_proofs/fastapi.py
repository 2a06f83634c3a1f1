from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

PAGE = "https://app.example"
app = FastAPI()


@app.middleware("http")
async def refuse(request: Request, call_next):
    if request.url.path == "/private" and request.headers.get("authorization") != "Basic dTpw":
        return Response(status_code=401)
    if request.url.path == "/missing" and request.method == "OPTIONS":
        return Response(status_code=404)
    return await call_next(request)


@app.get("/it{odd:path}")
@app.get("/closed")
@app.get("/account")
@app.get("/sandbox")
@app.get("/untouched")
@app.patch("/unrouted")
@app.patch("/missing")
@app.patch("/private")
@app.patch("/granted")
def answer(odd: str = ""):
    return {}


def granting(methods):
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": PAGE,
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "api-key, content-type",
        },
    )


@app.options("/granted")
def granted():
    return granting("PATCH")


@app.options("/method")
def method():
    return granting("GET")


@app.patch("/method")
def method_itself():
    return JSONResponse({}, headers={"Access-Control-Allow-Origin": PAGE})


@app.get("/wildcard")
def wildcard():
    return JSONResponse({}, headers={"Access-Control-Allow-Origin": "*"})


@app.get("/doubled")
def doubled():
    response = JSONResponse({})
    response.headers.append("Access-Control-Allow-Origin", PAGE)
    response.headers.append("Access-Control-Allow-Origin", PAGE)
    return response


@app.get("/error")
def error():
    raise RuntimeError("the application failed")


