// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file kinds.hpp
/// The kinds of values that only cases have.
#include "haloscope/base/axes.hpp"
#include "haloscope/settings/kinds.hpp"

namespace haloscope {

/// One value an axis: x, y, z.
template <class T>
Kind<PerAxis<T>> three(const Kind<T>& kind) {
  return {"[x, y, z], each " + kind.allowed,
          [read = kind.read](const Json& node) -> std::optional<PerAxis<T>> {
            if (!node.is_array() || node.size() != 3) return {};
            PerAxis<T> values{};
            for (std::size_t axis = 0; axis < 3; ++axis) {
              const std::optional<T> value = read(node[axis]);
              if (!value) return {};
              values[axis] = *value;
            }
            return values;
          },
          [write = kind.write](const PerAxis<T>& values) {
            return Json::array({write(values[0]), write(values[1]), write(values[2])});
          }};
}

/// NaN is a value that was not given.
inline Kind<double> or_left_out(Kind<double> kind) {
  kind.write = [](double value) { return std::isnan(value) ? Json() : Json(value); };
  return kind;
}

/// A point or a direction; not given: empty.
inline Kind<std::vector<double>> point() {
  const Kind<PerAxis<double>> kind = three(any_number());
  return {kind.allowed, [read = kind.read](const Json& node) -> std::optional<std::vector<double>> {
            const std::optional<PerAxis<double>> values = read(node);
            if (!values) return {};
            return std::vector<double>(values->begin(), values->end());
          }};
}

}  // namespace haloscope
