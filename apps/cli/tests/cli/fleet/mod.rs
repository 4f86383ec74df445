//! `hypercut fleet`: on folders, and over S3 where `HYPERCUT_MOTO` names a moto server (`.ci/fleet` starts one).
mod bucket;
mod faults;
mod fetch_run;
mod ground;
mod kills;
mod places;
mod work;
