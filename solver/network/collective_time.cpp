// SPDX-License-Identifier: BSD-3-Clause
#include "network/collective_time.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace haloscope::interconnect {
namespace {

struct Message {
  Time ready;
  int to;
  std::int64_t bytes;
};

/// When each message of a round arrives, by (from, to), in the order sent.
using Arrivals = std::map<std::pair<int, int>, std::vector<Time>>;

class Evaluation {
 public:
  Evaluation(const Path& path, std::vector<Time> entry)
      : path_(path), clock_(std::move(entry)), interface_free_(clock_.size()) {}

  void round(const std::vector<const Round*>& parts) {
    const std::vector<Time> came = clock_;
    arrivals_.clear();
    for (std::size_t rank = 0; rank < parts.size(); ++rank) send(rank, parts[rank]->sends, came);
    for (std::size_t rank = 0; rank < parts.size(); ++rank) receive(rank, parts[rank]->receives);
  }
  std::vector<Time> clocks() && { return std::move(clock_); }

 private:
  void send(std::size_t rank, const std::vector<Exchange>& sends, const std::vector<Time>& came) {
    std::vector<Message> messages;
    for (const Exchange& exchange : sends) {
      Time ready = clock_[rank] += path_.overhead();
      if (!path_.is_eager(exchange.bytes)) {
        const Time hand_shake = path_.handshake(exchange.bytes);
        const Time asked = ready + hand_shake / 2;  // the receiver hears of it
        ready = std::max(asked, came[static_cast<std::size_t>(exchange.rank)]) + (hand_shake - hand_shake / 2);
      }
      messages.push_back({ready, exchange.rank, exchange.bytes});
    }
    std::stable_sort(messages.begin(), messages.end(),
                     [](const Message& a, const Message& b) { return a.ready < b.ready; });
    for (const Message& message : messages) {
      const Time enters = std::max(message.ready, interface_free_[rank]);
      interface_free_[rank] = enters + path_.occupancy(message.bytes);
      arrivals_[{static_cast<int>(rank), message.to}].push_back(enters + path_.flight(message.bytes));
      if (!path_.is_eager(message.bytes)) clock_[rank] = std::max(clock_[rank], enters);
    }
  }

  void receive(std::size_t rank, const std::vector<Exchange>& receives) {
    std::vector<Time> arrivals;
    for (const Exchange& exchange : receives) {
      std::vector<Time>& queue = arrivals_.at({exchange.rank, static_cast<int>(rank)});
      arrivals.push_back(queue.front());
      queue.erase(queue.begin());
    }
    std::sort(arrivals.begin(), arrivals.end());
    for (const Time arrival : arrivals) clock_[rank] = std::max(clock_[rank], arrival) + path_.overhead();
  }

  const Path& path_;
  std::vector<Time> clock_, interface_free_;
  Arrivals arrivals_;
};

}  // namespace

std::vector<Time> collective_exit(const std::vector<std::vector<Round>>& per_rank, const Path& path,
                                  std::vector<Time> entry) {
  Evaluation evaluation(path, std::move(entry));
  for (std::size_t k = 0; k < per_rank.front().size(); ++k) {
    std::vector<const Round*> parts;
    for (const std::vector<Round>& rounds : per_rank) parts.push_back(&rounds.at(k));
    evaluation.round(parts);
  }
  return std::move(evaluation).clocks();
}

}  // namespace haloscope::interconnect
