// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file profile.hpp
/// One interconnect as data: LogGP parameters, the measured spread of its messages, the detours of its hosts, and where
/// all that was read (cases/networks/*.toml; every key: cases/networks/KEYS.md).
///
/// The one door that both sides of the border include: data and its checks, no MPI, no state. A profile is validated
/// whole when it is read; what it holds is plain numbers in the units of its keys. LogGP: Alexandrov, Ionescu, Schauser
/// & Scheiman, SPAA 1995; rendezvous as in LogGPS (Ino, Fujimoto & Hagihara, PPoPP 2001).
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace haloscope {

/// A distribution as measured: value us[i] at probability p[i], p from 0 to 1, neither ever falling. Read linearly in p
/// up to 0.9 and linearly in -ln(1 - p) beyond, with p = 1 taken as 1 - 0.5 / samples.
struct Quantiles {
  std::vector<double> p;
  std::vector<double> us;  ///< [us]
  std::int64_t samples = 0;
  [[nodiscard]] bool empty() const noexcept { return p.empty(); }
};

/// Two levels that messages stay on for a while: a Markov chain with one step a message. The upper level is the upper
/// part of the quantile table.
struct TwoStates {
  double fraction_high = 0, p_stay_high = 0, p_low_to_high = 0;
  double lag1_within = 0;  ///< normal-scores correlation of neighbours on one level
};

/// How one message travels from a rank to another.
struct PathProfile {
  double half_round_trip_us = 0;               ///< median for 1 byte: L + 2 o [us]
  double overhead_us = 0;                      ///< o, of the sender and of the receiver each [us]
  double gap_us = 0;                           ///< g, between the starts of two messages at the sender [us]
  double bandwidth_GBps = 0;                   ///< 1 / G; 1e9 bytes a second; infinite is allowed
  std::int64_t eager_limit_bytes = INT64_MAX;  ///< longer messages wait for their receiver (rendezvous)
  Quantiles jitter;                            ///< of the half round trip; empty: every message takes the median
  double lag1 = 0;                             ///< normal-scores correlation of neighbouring messages of a pair
  std::optional<TwoStates> states;             ///< draw by these; lag1 then only says what comes out overall
  std::vector<std::int64_t>
      curve_bytes;               ///< sizes at which the median half round trip was measured, rising; may be empty
  std::vector<double> curve_us;  ///< the medians, never falling [us]
};

/// Interruptions of a computing core: a detour of random length, then a pause until the next begins.
struct DetourProfile {
  std::string host;         ///< which measured host; empty: none
  Quantiles duration;       ///< empty: no detours
  Quantiles inter_arrival;  ///< start to start
};

/// The named algorithm up to a message size (bytes as the algorithm's own table counts them); the last row has the
/// largest size. Names: solver/interconnect/model/rounds.hpp.
struct AlgorithmChoice {
  std::int64_t up_to_bytes = 0;
  std::string algorithm;
};

struct Profile {
  std::string name, title, fabric, placement;
  std::string evidence;  ///< measured, reported, vendor, synthetic or probed
  std::string source, caveat;
  bool virtualized = false;
  int year = 0;  ///< of the measurement; 0: not stated
  PathProfile between_nodes, within_node;
  DetourProfile detours;
  std::map<std::string, std::vector<AlgorithmChoice>> collectives;  ///< by collective, "allreduce"; empty: the defaults
  std::optional<double>
      offload_us;  ///< Allreduce, Barrier, Bcast, Reduce of small messages inside the network: its latency [us]
  std::int64_t offload_limit_bytes = 0;
  std::string text;  ///< canonical: every key with its value, defaults included; reads back to the same profile
  std::string hash;  ///< of the canonical text: 16 hexadecimal digits
};

/// The value at probability @p p of a table that is not empty, by the rule above. For a few values: it prepares the
/// whole table each time.
[[nodiscard]] double value_at(const Quantiles& table, double p);
/// The mean of a table that is not empty, by the same rule. [us]
[[nodiscard]] double mean_of(const Quantiles& table);

[[nodiscard]] bool is_profile_key(const std::string& path);
/// Every key and the default algorithms, as markdown.
[[nodiscard]] std::string profile_reference();

/// Parses and validates. Values changed by @p overrides make the profile `synthetic`: cases/README.md says what moves
/// along with them. @p origin names the file in messages; each of @p overrides is table.key=value.
/// @throws UserError `origin:key: value: what is allowed`
[[nodiscard]] Profile parse_profile(const std::string& text, const std::string& origin,
                                    const std::vector<std::string>& overrides = {});

/// The canonical text of a profile that a program made: `text` is not read. parse_profile() says whether it is valid.
[[nodiscard]] std::string format_profile(const Profile& profile);

/// Reads a file. @throws UserError
[[nodiscard]] Profile read_profile(const std::string& path, const std::vector<std::string>& overrides = {});

/// @p name where such a file is; else the profile of that name among those that came with the program.
/// @throws UserError naming the nearest that there is.
[[nodiscard]] std::string find_profile(const std::string& name);

/// Every profile that came with the program: paths, sorted by name.
[[nodiscard]] std::vector<std::string> shipped_profiles();

}  // namespace haloscope
