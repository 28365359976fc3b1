//! From conda names to distribution names.
//!
//! Channels name packages as they like, so equal names prove nothing: a conda package is judged only
//! under a name that is listed here or that its own files state. The lists hold what is common;
//! everything else is said to be unmapped.

/// Conda packages whose distribution has another name; sorted.
const RENAMED: &[(&str, &str)] = &[
    ("black-jupyter", "black"),
    ("brotli-python", "brotli"),
    ("dash-core", "dash"),
    ("dask-core", "dask"),
    ("docker-py", "docker"),
    ("google-api-core-grpc", "google-api-core"),
    ("jsonschema-with-format-nongpl", "jsonschema"),
    ("libsass-python", "libsass"),
    ("matplotlib-base", "matplotlib"),
    ("msgpack-python", "msgpack"),
    ("nbconvert-core", "nbconvert"),
    ("opencv", "opencv-python"),
    ("py-opencv", "opencv-python"),
    ("py-xgboost", "xgboost"),
    ("pyarrow-core", "pyarrow"),
    ("pyqt", "pyqt5"),
    ("pytables", "tables"),
    ("python-annoy", "annoy"),
    ("python-blosc", "blosc"),
    ("python-build", "build"),
    ("python-clang", "clang"),
    ("python-confluent-kafka", "confluent-kafka"),
    ("python-flatbuffers", "flatbuffers"),
    ("python-graphviz", "graphviz"),
    ("python-kaleido", "kaleido"),
    ("python-kubernetes", "kubernetes"),
    ("python-lmdb", "lmdb"),
    ("python-tzdata", "tzdata"),
    ("python-xxhash", "xxhash"),
    ("pytorch", "torch"),
    ("pytorch-cpu", "torch"),
    ("pytorch-gpu", "torch"),
    ("ray-core", "ray"),
    ("ray-default", "ray"),
    ("redis-py", "redis"),
    ("tensorflow-base", "tensorflow"),
    ("tensorflow-cpu", "tensorflow"),
    ("tensorflow-gpu", "tensorflow"),
    ("uvicorn-standard", "uvicorn"),
];

#[rustfmt::skip] // One name a line would be four screens of nothing.
/// Packages that channels carry under the distribution's own name; sorted.
const SAME: &[&str] = &[
    "absl-py", "aiobotocore", "aiofiles", "aiohttp", "aiosignal", "alembic", "altair",
    "anaconda-client", "ansible", "anyio", "apache-airflow", "apache-beam", "argon2-cffi", "arrow",
    "asgiref", "asn1crypto", "astroid", "astropy", "asttokens", "async-timeout", "attrs", "authlib",
    "azure-core", "azure-identity", "azure-storage-blob", "babel", "backcall", "backoff", "bcrypt",
    "beautifulsoup4", "biopython", "black", "bleach", "blinker", "bokeh", "boltons", "boto3",
    "botocore", "bottle", "bottleneck", "brotlipy", "cachetools", "cartopy", "catboost", "celery",
    "certifi", "cffi", "cfgv", "chardet", "charset-normalizer", "cherrypy", "click", "cloudpickle",
    "colorama", "configobj", "contourpy", "cookiecutter", "coverage", "cryptography", "cupy",
    "cycler", "cython", "cytoolz", "dask", "databricks-cli", "dateparser", "debugpy", "decorator",
    "defusedxml", "dill", "distlib", "distributed", "django", "django-filter",
    "djangorestframework", "dnspython", "docutils", "ecdsa", "elasticsearch", "email-validator",
    "et-xmlfile", "et_xmlfile", "exceptiongroup", "executing", "faiss-cpu", "fastapi",
    "fastjsonschema", "filelock", "flask", "flask-cors", "flask-login", "flask-sqlalchemy",
    "fonttools", "freezegun", "frozenlist", "fsspec", "future", "gensim", "geopandas", "gevent",
    "gitdb", "gitpython", "google-api-core", "google-auth", "google-cloud-bigquery",
    "google-cloud-core", "google-cloud-storage", "googleapis-common-protos", "gradio",
    "graphql-core", "greenlet", "grpcio", "gunicorn", "h11", "h2", "h5py", "holoviews", "hpack",
    "html5lib", "httpcore", "httplib2", "httptools", "httpx", "huggingface-hub", "huggingface_hub",
    "humanfriendly", "hyperframe", "hypothesis", "identify", "idna", "imagecodecs", "imageio",
    "imagesize", "importlib-metadata", "importlib-resources", "importlib_metadata", "iniconfig",
    "invoke", "ipykernel", "ipython", "ipywidgets", "isort", "itsdangerous", "jaraco.context",
    "jedi", "jinja2", "jmespath", "joblib", "jsonpatch", "jsonpickle", "jsonpointer", "jsonschema",
    "jupyter", "jupyter_client", "jupyter_core", "jupyter_server", "jupyterhub", "jupyterlab",
    "jupyterlab_server", "keras", "keyring", "kiwisolver", "kombu", "langchain", "levenshtein",
    "lightgbm", "lightning", "llvmlite", "locket", "loguru", "lxml", "lz4", "mako", "markdown",
    "markdown-it-py", "markupsafe", "marshmallow", "matplotlib", "matplotlib-inline", "mechanize",
    "mistune", "mlflow", "mlflow-skinny", "mock", "more-itertools", "moto", "mpmath", "msal",
    "msgpack", "msrest", "multidict", "multiprocess", "mypy", "mypy-extensions", "mypy_extensions",
    "mysql-connector-python", "nbclient", "nbconvert", "nbformat", "nest-asyncio", "networkx",
    "nltk", "nodeenv", "notebook", "notebook-shim", "numba", "numexpr", "numpy", "nvidia-ml-py",
    "oauthlib", "onnx", "onnxruntime", "openpyxl", "orjson", "packaging", "pandas", "pandocfilters",
    "panel", "papermill", "param", "paramiko", "parso", "partd", "passlib", "pathspec", "patsy",
    "peewee", "pexpect", "pickleshare", "pillow", "pillow-simd", "pip", "pipenv", "pkginfo",
    "platformdirs", "plotly", "pluggy", "ply", "poetry", "pooch", "portalocker", "pre-commit",
    "prefect", "prometheus-client", "prometheus_client", "prompt-toolkit", "proto-plus", "protobuf",
    "psutil", "psycopg2", "ptyprocess", "pure-eval", "pure_eval", "py", "py4j", "pyarrow", "pyasn1",
    "pyasn1-modules", "pycares", "pycosat", "pycparser", "pycryptodome", "pycryptodomex",
    "pydantic", "pydantic-core", "pydot", "pyerfa", "pyflakes", "pygments", "pyinstaller", "pyjwt",
    "pylint", "pymongo", "pymysql", "pynacl", "pyodbc", "pyopenssl", "pyparsing", "pyproj",
    "pyrsistent", "pysftp", "pysocks", "pyspark", "pytest", "pytest-cov", "pytest-xdist",
    "python-dateutil", "python-dotenv", "python-jose", "python-json-logger", "python-ldap",
    "python-levenshtein", "python-multipart", "python-slugify", "python-snappy",
    "pytorch-lightning", "pytz", "pywavelets", "pyyaml", "pyzmq", "rasterio", "referencing",
    "regex", "reportlab", "requests", "requests-oauthlib", "requests-toolbelt", "rich", "rpds-py",
    "rsa", "ruamel.yaml", "ruamel_yaml", "ruff", "s3fs", "s3transfer", "sagemaker", "salt",
    "scikit-image", "scikit-learn", "scipy", "scrapy", "seaborn", "selenium", "send2trash",
    "sentencepiece", "sentry-sdk", "setuptools", "shapely", "simplejson", "six", "smmap", "sniffio",
    "snowballstemmer", "snowflake-connector-python", "sortedcontainers", "soupsieve", "spacy",
    "sphinx", "sqlalchemy", "sqlparse", "stack-data", "stack_data", "starlette", "statsmodels",
    "stdlib-list", "streamlit", "sympy", "tabulate", "tblib", "tenacity", "tensorboard",
    "tensorflow", "tensorflow-estimator", "terminado", "text-unidecode", "threadpoolctl",
    "tifffile", "tinycss2", "tokenizers", "toml", "tomli", "tomlkit", "toolz", "torchaudio",
    "torchvision", "tornado", "tox", "tqdm", "traitlets", "transformers", "twine", "twisted",
    "typer", "typing-extensions", "typing_extensions", "tzlocal", "ujson", "uritemplate", "urllib3",
    "uvicorn", "uvloop", "virtualenv", "waitress", "wandb", "watchdog", "watchfiles", "wcwidth",
    "webencodings", "websocket-client", "websockets", "werkzeug", "wheel", "widgetsnbextension",
    "wrapt", "wtforms", "xarray", "xgboost", "xlrd", "xlsxwriter", "xmltodict", "yarl", "zict",
    "zipp", "zope.interface", "zstandard",
];

/// The distribution a conda package is, where that is known.
pub(super) fn distribution(conda: &str) -> Option<&'static str> {
    let conda = conda.to_ascii_lowercase();
    if let Ok(at) = RENAMED.binary_search_by(|(name, _)| name.cmp(&conda.as_str())) {
        return RENAMED.get(at).map(|(_, name)| *name);
    }
    let at = SAME.binary_search(&conda.as_str()).ok()?;
    SAME.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hognose_types::PackageName;

    #[test]
    fn lists_are_sorted_without_repetition_and_hold_names() {
        assert!(RENAMED.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for pair in SAME.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        for name in SAME.iter().chain(RENAMED.iter().map(|(_, name)| name)) {
            assert!(PackageName::new(name).is_ok(), "{name}");
        }
        assert!(RENAMED.iter().all(|(name, _)| !SAME.contains(name)));
    }

    #[test]
    fn look_up() {
        assert_eq!(distribution("pytorch"), Some("torch"));
        assert_eq!(distribution("NumPy"), Some("numpy"));
        assert_eq!(distribution("openssl"), None);
        assert_eq!(distribution("zlib"), None);
    }
}
