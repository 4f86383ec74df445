//! The OpenAPI 3.1 document and the list of effects, both made from the library's list.
use hypercut::effects::{EFFECTS, OptionInfo, OptionKind};
use serde_json::{Map, Value, json};

/// What `GET /v1/effects` answers.
pub(super) fn effects() -> Value {
    let effects = EFFECTS.iter().map(|effect| {
        let options: Vec<_> = effect.options.iter().map(option).collect();
        json!({ "name": effect.name, "summary": effect.summary, "options": options })
    });
    json!({ "effects": effects.collect::<Vec<_>>() })
}

fn option(option: &OptionInfo) -> Value {
    let mut value =
        json!({ "name": option.name, "help": option.help, "schema": schema(option.kind) });
    value["picture"] = (option.kind == OptionKind::Picture).into();
    value
}

fn schema(kind: OptionKind) -> Value {
    match kind {
        OptionKind::Number { min, max, default } => {
            json!({ "type": "number", "minimum": min, "maximum": max, "default": default })
        }
        OptionKind::Color { default: [r, g, b] } => json!({
            "type": "string",
            "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$",
            "default": format!("#{r:02x}{g:02x}{b:02x}"),
        }),
        OptionKind::Choice { values, default } => {
            json!({ "type": "string", "enum": values, "default": default })
        }
        OptionKind::Flag => json!({ "type": "boolean", "default": false }),
        _ => json!({ "type": "string", "contentMediaType": "application/octet-stream" }),
    }
}

fn parameter(name: &str, about: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": about, "schema": schema })
}

/// Every option once, pictures left out: they come as files.
fn options() -> Vec<Value> {
    let mut seen = Vec::new();
    let mut parameters = Vec::new();
    for option in EFFECTS.iter().flat_map(|effect| effect.options) {
        if option.kind == OptionKind::Picture || seen.contains(&option.name) {
            continue;
        }
        seen.push(option.name);
        let takers = EFFECTS
            .iter()
            .filter(|effect| effect.option(option.name).is_some());
        let takers: Vec<_> = takers.map(|effect| effect.name).collect();
        let about = format!("{} (effects: {})", option.help, takers.join(", "));
        parameters.push(parameter(option.name, &about, schema(option.kind)));
    }
    parameters
}

fn common() -> Vec<Value> {
    let formats = json!({ "type": "string", "enum": ["jpeg", "png", "webp"] });
    let quality = json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": crate::studio::QUALITY });
    vec![
        parameter("format", "Format of the result", formats),
        parameter("quality", "Quality of JPEG files", quality),
        parameter(
            "fast",
            "One look of the network instead of up to twelve",
            json!({ "type": "boolean", "default": false }),
        ),
    ]
}

fn portrait_parameters() -> Vec<Value> {
    let names: Vec<_> = EFFECTS.iter().map(|effect| effect.name).collect();
    let mut parameters = vec![
        parameter(
            "effect",
            "What to draw",
            json!({ "type": "string", "enum": names, "default": names[0] }),
        ),
        parameter(
            "trim",
            "Crop a cut-out to the person",
            json!({ "type": "boolean", "default": false }),
        ),
        parameter(
            "keep_metadata",
            "Copy EXIF, without its thumbnail",
            json!({ "type": "boolean", "default": false }),
        ),
    ];
    parameters.extend(common());
    parameters.extend(options());
    parameters
}

fn rembg_parameters() -> Vec<Value> {
    let flag = || json!({ "type": "boolean", "default": false });
    let byte = |default: u8| json!({ "type": "integer", "minimum": 0, "maximum": 255, "default": default });
    vec![
        parameter(
            "model",
            "Taken as it comes: there is one network",
            json!({ "type": "string", "default": "u2net" }),
        ),
        parameter("a", "Alpha matting: edges are always soft here", flag()),
        parameter(
            "af",
            "Alpha matting (foreground threshold), without effect",
            byte(240),
        ),
        parameter(
            "ab",
            "Alpha matting (background threshold), without effect",
            byte(10),
        ),
        parameter(
            "ae",
            "Alpha matting (erode size), without effect",
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 10 }),
        ),
        parameter("om", "Only the mask", flag()),
        parameter("ppm", "Post-process the mask: always done here", flag()),
        parameter(
            "bgc",
            "Background colour: red,green,blue,alpha; alpha 0 or 255",
            json!({
                "type": "string",
                "pattern": "^(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(,(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){2},(0|255)$",
            }),
        ),
        parameter("extras", "Taken as it comes", json!({ "type": "string" })),
    ]
}

fn upload(names: &[(&str, &str)], required: &str) -> Value {
    let mut properties = Map::new();
    for (name, about) in names {
        properties.insert((*name).into(), json!({ "type": "string", "contentMediaType": "application/octet-stream", "description": about }));
    }
    let binary = json!({ "schema": {} });
    json!({ "required": true, "content": {
        "multipart/form-data": { "schema": { "type": "object", "required": [required], "properties": properties } },
        "image/jpeg": binary,
        "image/png": binary,
        "image/webp": binary,
        "application/octet-stream": binary,
    }})
}

/// Answers by status: those that a picture can have, then the problems of `problems`.
fn answers(picture: Option<&[&str]>, content: Option<Value>, problems: &[(u16, &str)]) -> Value {
    let mut answers = Map::new();
    let mut fine = json!({ "description": "It worked", "headers": { "X-Request-Id": { "schema": { "type": "string" } } } });
    match (picture, content) {
        (Some(kinds), _) => {
            let content: Map<_, _> = kinds
                .iter()
                .map(|&kind| (kind.into(), json!({ "schema": {} })))
                .collect();
            fine["content"] = content.into();
            fine["headers"]["X-HyperCut-Verdict"] = json!({
                "description": "person, low confidence or no person; the person's share of the picture; how certain the mask is",
                "schema": { "type": "string" },
            });
        }
        (None, Some(content)) => fine["content"] = content,
        (None, None) => {}
    }
    answers.insert("200".into(), fine);
    for (status, about) in problems {
        let mut answer = json!({
            "description": about,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if matches!(status, 429 | 503) {
            answer["headers"] =
                json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 1 } } });
        }
        answers.insert(status.to_string(), answer);
    }
    answers.into()
}

const PROBLEMS: [(u16, &str); 9] = [
    (400, "A broken body"),
    (401, "No token, or a wrong one"),
    (408, "The body took too long to arrive"),
    (413, "Too many bytes or pixels"),
    (415, "Not JPEG, PNG or WebP"),
    (422, "A parameter or picture that makes no sense"),
    (429, "More requests than can be worked on"),
    (500, "A fault of the server"),
    (503, "Not finished in time"),
];

/// The document.
pub(super) fn document() -> Value {
    let image = [
        ("image", "The picture"),
        ("background", "For effect image"),
        ("logo", "Drawn in the bottom right corner"),
    ];
    let kinds = ["image/jpeg", "image/png", "image/webp"];
    let unauthorized = [(401, "No token, or a wrong one")];
    let json_of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let text = || json!({ "text/plain": { "schema": { "type": "string" } } });
    let mut url = parameter(
        "url",
        "Where the picture is",
        json!({ "type": "string", "format": "uri" }),
    );
    url["required"] = true.into();
    let mut by_url = vec![url];
    by_url.extend(rembg_parameters());
    let mut url_problems = PROBLEMS.to_vec();
    url_problems.extend([
        (403, "URLs are not fetched, or the address is not public"),
        (502, "The other server failed"),
        (504, "The other server took too long"),
    ]);
    let open: [Value; 0] = [];
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "HyperCut",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Cuts people out of pictures and draws portrait-mode effects. Pictures are neither stored nor logged.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "security": [{ "token": [] }, {}],
        "paths": {
            "/v1/portrait": { "post": {
                "operationId": "portrait",
                "summary": "Draw an effect",
                "parameters": portrait_parameters(),
                "requestBody": upload(&image, "image"),
                "responses": answers(Some(&kinds), None, &PROBLEMS),
            }},
            "/v1/mask": { "post": {
                "operationId": "mask",
                "summary": "The soft mask itself, 0 to 255",
                "parameters": common(),
                "requestBody": upload(&image[..1], "image"),
                "responses": answers(Some(&kinds), None, &PROBLEMS),
            }},
            "/v1/effects": { "get": {
                "operationId": "effects",
                "summary": "Effects and their options",
                "responses": answers(None, Some(json_of(json!({ "$ref": "#/components/schemas/Effects" }))), &unauthorized),
            }},
            "/api/remove": {
                "post": {
                    "operationId": "remove",
                    "summary": "As rembg's server: a picture in, a PNG out",
                    "parameters": rembg_parameters(),
                    "requestBody": upload(&[("file", "The picture")], "file"),
                    "responses": answers(Some(&["image/png"]), None, &PROBLEMS),
                },
                "get": {
                    "operationId": "removeByUrl",
                    "summary": "As rembg's server: a URL in, a PNG out",
                    "parameters": by_url,
                    "responses": answers(Some(&["image/png"]), None, &url_problems),
                },
            },
            "/metrics": { "get": {
                "operationId": "metrics",
                "summary": "Counters for Prometheus",
                "responses": answers(None, Some(text()), &unauthorized),
            }},
            "/healthz": { "get": {
                "operationId": "health",
                "summary": "Whether the process lives",
                "security": open,
                "responses": answers(None, Some(text()), &[]),
            }},
            "/readyz": { "get": {
                "operationId": "ready",
                "summary": "Whether new requests are taken",
                "security": open,
                "responses": answers(None, Some(text()), &[(503, "The server is ending")]),
            }},
        },
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "Problem": {
                    "type": "object",
                    "description": "RFC 9457",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string", "description": "What is wrong" },
                        "hint": { "type": "string", "description": "What to do" },
                    },
                },
                "Effects": {
                    "type": "object",
                    "required": ["effects"],
                    "properties": { "effects": { "type": "array", "items": {
                        "type": "object",
                        "required": ["name", "summary", "options"],
                        "properties": {
                            "name": { "type": "string" },
                            "summary": { "type": "string" },
                            "options": { "type": "array", "items": {
                                "type": "object",
                                "required": ["name", "help", "picture", "schema"],
                                "properties": {
                                    "name": { "type": "string" },
                                    "help": { "type": "string" },
                                    "picture": { "type": "boolean" },
                                    "schema": { "type": "object" },
                                },
                            }},
                        },
                    }}},
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        for route in crate::serve::api::ROUTES {
            let known = paths.contains_key(route) || ["/", "/openapi.json"].contains(&route);
            assert!(known, "{route}");
        }
    }

    #[test]
    fn every_option_of_every_effect_is_a_parameter_or_a_file() {
        let text = document()["paths"]["/v1/portrait"].to_string();
        for option in EFFECTS.iter().flat_map(|effect| effect.options) {
            assert!(
                text.contains(&format!("\"{}\"", option.name)),
                "{}",
                option.name
            );
        }
    }
}
