// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file flow.hpp
/// What comes from one sender with one tag on one communicator, and who waits for it.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "interconnect/engine/stamp.hpp"

namespace haloscope::interconnect {

class Receive;

struct Triple {
  std::uint64_t context;
  int from, tag;
  friend bool operator==(const Triple&, const Triple&) = default;
};
struct TripleHash {
  std::size_t operator()(const Triple& triple) const noexcept {
    const std::uint64_t peer =
        (static_cast<std::uint64_t>(static_cast<unsigned>(triple.from)) << 32) | static_cast<unsigned>(triple.tag);
    return static_cast<std::size_t>((triple.context ^ peer * 0xBF58476D1CE4E5B9u) * 0x9E3779B97F4A7C15u >> 7);
  }
};

struct Queued {
  Stamp stamp;
  std::uint64_t serial = 0;  ///< rises in the order in which a sender sent; 0: was given back
};

/// First in, first out. Keeps its memory, so that a message in steady state allocates nothing (a std::deque does at
/// every eighth).
class StampQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_ == all_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size() - head_; }
  [[nodiscard]] const Queued& operator[](std::size_t i) const noexcept { return all_[head_ + i]; }
  void push_back(const Queued& one) {
    if (head_ > size()) {  // more room in front than is used: all move up
      all_.erase(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    all_.push_back(one);
  }
  void push_front(const Queued& one) {
    if (head_ > 0)
      all_[--head_] = one;
    else
      all_.insert(all_.begin(), one);
  }
  Queued pop_front() noexcept {
    const Queued first = all_[head_++];
    if (empty()) {
      all_.clear();
      head_ = 0;
    }
    return first;
  }

 private:
  std::vector<Queued> all_;
  std::size_t head_ = 0;
};

/// Both sides in their order.
struct Flow {
  StampQueue stamps;              ///< that no receive has taken
  std::deque<Receive*> receives;  ///< that have no stamp
  std::vector<Receive*> served;   ///< that have one and are still in flight
  std::uint64_t last_served = 0;  ///< its order, or 0
  bool held_by_wildcard = false;  ///< both stamps and receives, but an older wildcard may get the next stamp

  [[nodiscard]] bool empty() const noexcept { return stamps.empty() && receives.empty() && served.empty(); }
};

}  // namespace haloscope::interconnect
