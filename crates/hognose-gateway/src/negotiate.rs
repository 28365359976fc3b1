//! Which form of a page a client wants (PEP 691, RFC 9110 §12.5.1).

/// A form of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `application/vnd.pypi.simple.v1+json`.
    Json,
    /// `application/vnd.pypi.simple.v1+html`.
    HtmlV1,
    /// `text/html`.
    Html,
}

impl Form {
    /// The media type that is answered.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.pypi.simple.v1+json",
            Self::HtmlV1 => "application/vnd.pypi.simple.v1+html",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// The form of a media type; `latest` is the only version there is.
    fn of(media: &str) -> Option<Self> {
        Some(match media {
            "application/vnd.pypi.simple.v1+json" | "application/vnd.pypi.simple.latest+json" => {
                Self::Json
            }
            "application/vnd.pypi.simple.v1+html" | "application/vnd.pypi.simple.latest+html" => {
                Self::HtmlV1
            }
            "text/html" => Self::Html,
            _ => return None,
        })
    }
}

/// Most alternatives that are looked at.
const MAX_ALTERNATIVES: usize = 32;

/// The form to answer with: that of `?format=`, else the one with the highest quality. None: nothing that we have is
/// acceptable (406). Among equals HTML comes first, as browsers and old installers expect, unless JSON is named.
pub fn negotiate(accept: Option<&str>, format: Option<&str>) -> Option<Form> {
    if let Some(format) = format {
        return Form::of(format);
    }
    let Some(accept) = accept.map(str::trim).filter(|a| !a.is_empty()) else {
        return Some(Form::Html);
    };
    // A plain question, as installers put it, needs no table.
    let mut best: Option<(u16, u8, Form)> = None;
    let alternatives = || accept.split(',').take(MAX_ALTERNATIVES).map(alternative);
    for (place, form) in [Form::Json, Form::HtmlV1, Form::Html]
        .into_iter()
        .enumerate()
    {
        // The most specific range that covers a type gives its quality.
        let covering = alternatives()
            .filter_map(|(media, quality)| Some((specificity(&media, form)?, quality)))
            .max_by_key(|(specific, _)| *specific);
        let Some((specific, quality)) = covering.filter(|(_, quality)| *quality > 0) else {
            continue;
        };
        let named = u8::from(specific == 2);
        // What is named goes before what a wildcard lets in; then HTML before JSON for wildcards, JSON before HTML else.
        let rank = named * 4
            + if named == 1 {
                2 - place as u8
            } else {
                place as u8
            };
        if best.is_none_or(|(q, r, _)| (quality, rank) > (q, r)) {
            best = Some((quality, rank, form));
        }
    }
    best.map(|(_, _, form)| form)
}

/// A media range in lower case and its quality in thousandths.
fn alternative(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1_000, |(_, value)| thousandths(value.trim()));
    (media, quality)
}

/// A quality as thousandths; what is none lets nothing in.
fn thousandths(text: &str) -> u16 {
    text.parse::<f32>()
        .ok()
        .filter(|q| (0.0..=1.0).contains(q))
        .map_or(0, |q| (q * 1_000.0).round() as u16)
}

/// How exactly a range means a form: 2 by name, 1 by type, 0 as anything.
fn specificity(media: &str, form: Form) -> Option<u8> {
    if Form::of(media) == Some(form) {
        return Some(2);
    }
    match media {
        "*/*" => Some(0),
        "text/*" if form == Form::Html => Some(1),
        "application/*" if form != Form::Html => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients() {
        let pip = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";
        let uv = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
        for (accept, form) in [
            (Some(pip), Some(Form::Json)),
            (Some(uv), Some(Form::Json)),
            (Some(browser), Some(Form::Html)),
            (None, Some(Form::Html)),
            (Some(""), Some(Form::Html)),
            (Some("*/*"), Some(Form::Html)),
            (Some("text/*"), Some(Form::Html)),
            (Some("application/*"), Some(Form::HtmlV1)),
            (
                Some("application/vnd.pypi.simple.latest+json"),
                Some(Form::Json),
            ),
            (Some("application/vnd.pypi.simple.v2+json"), None),
            (Some("application/json"), None),
            (Some("text/html;q=0"), None),
            (Some("text/html;q=0, */*"), Some(Form::HtmlV1)),
            (
                Some("text/html;q=0.5, application/vnd.pypi.simple.v1+json;q=0.4"),
                Some(Form::Html),
            ),
            (
                Some("application/vnd.pypi.simple.v1+json, text/html"),
                Some(Form::Json),
            ),
            (Some("text/html;q=nonsense"), None),
            (Some("TEXT/HTML"), Some(Form::Html)),
        ] {
            assert_eq!(negotiate(accept, None), form, "{accept:?}");
        }
    }

    #[test]
    fn the_query_decides() {
        let json = "application/vnd.pypi.simple.v1+json";
        assert_eq!(negotiate(Some("text/html"), Some(json)), Some(Form::Json));
        assert_eq!(negotiate(Some("text/html"), Some("text/plain")), None);
    }
}
