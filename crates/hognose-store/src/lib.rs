//! State of the gateway.
