// SPDX-License-Identifier: MIT
#pragma once

#include <pybind11/numpy.h>

#include <aha/core/error.hpp>
#include <aha/loss/observe.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dlpack_cast.hpp"

namespace aha_python {

// Statistics as bytes, for pickles, logs and every engine of communication: eight bytes that name the layout, then eight
// for each number that `Stats::numbers` walks. Counts stay integers, so nothing is rounded on the way.

/// FNV-1a over the name of the record and of its numbers: bytes of another layout are refused.
template <class Stats>
std::uint64_t layout_tag(char const* name) {
  std::uint64_t tag = 14695981039346656037ULL;
  auto const mix = [&](std::string_view text) {
    for (char const c : text) tag = (tag ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    tag = (tag ^ 0xffU) * 1099511628211ULL;
  };
  mix(name);
  Stats const none{};
  Stats::numbers(none, [&](std::string_view number, auto const&) { mix(number); });
  return tag;
}

template <class Stats>
std::string packed_bytes(Stats const& stats, char const* name) {
  std::string bytes;
  auto const append = [&](auto x) {
    static_assert(sizeof x == 8);
    bytes.append(reinterpret_cast<char const*>(&x), sizeof x);
  };
  append(layout_tag<Stats>(name));
  Stats::numbers(stats, [&](std::string_view, auto const& x) {
    if constexpr (std::is_floating_point_v<std::decay_t<decltype(x)>>) {
      append(double{x});
    } else {
      append(static_cast<std::int64_t>(x));
    }
  });
  return bytes;
}

template <class Stats>
Stats unpacked(std::string_view bytes, char const* name, argument where) {
  Stats stats{};
  std::size_t at = 0;
  std::size_t const expected = packed_bytes(stats, name).size();
  auto const take = [&](auto& x) {
    std::memcpy(&x, bytes.data() + at, sizeof x);
    at += sizeof x;
  };
  std::uint64_t tag = 0;
  if (bytes.size() == expected) take(tag);
  if (tag != layout_tag<Stats>(name)) {
    wrong_value(where, aha::text(expected, " bytes of a ", name, " of this version"),
                aha::text(bytes.size(), " bytes", bytes.size() == expected ? " of something else" : ""));
  }
  Stats::numbers(stats, [&](std::string_view, auto& x) {
    using X = std::decay_t<decltype(x)>;
    std::conditional_t<std::is_floating_point_v<X>, double, std::int64_t> value{};
    take(value);
    x = static_cast<X>(value);
  });
  if constexpr (std::is_same_v<Stats, aha::loss_stats>) {
    if (stats.parts < 0 || stats.parts > aha::max_parts) {
      wrong_value(where, aha::text("at most ", aha::max_parts, " parts"), aha::text(stats.parts));
    }
  }
  return stats;
}

/// Defines what every mergeable record offers: merge, +, ==, pickles, to_array and from_array, reduce.
template <class Stats>
void def_record(py::class_<Stats>& c, char const* name, char const* about_merge = "") {
  // Names of functions in error texts; they live as long as the module.
  static std::string const from_array = std::string(name) + ".from_array";
  static std::string const reduce = std::string(name) + ".reduce";
  static std::string const merge_doc =
      aha::text("merge($self, other)\n--\n\nAdds another record, of another micro-batch or rank.",
                *about_merge == '\0' ? "" : " ", about_merge);
  c.def(
       "merge", [](Stats& self, Stats const& other) { self.merge(other); }, py::arg("other"), merge_doc.c_str())
      .def(
          "__add__",
          [](Stats a, Stats const& b) {
            a.merge(b);
            return a;
          },
          py::is_operator(), "Both together, as by merge.")
      .def(
          "__eq__", [name](Stats const& a, Stats const& b) { return packed_bytes(a, name) == packed_bytes(b, name); },
          py::is_operator())
      .def(
          "to_array",
          [name](Stats const& s) {
            std::string const bytes = packed_bytes(s, name);
            py::array_t<std::uint8_t> a(static_cast<py::ssize_t>(bytes.size()));
            std::memcpy(a.mutable_data(), bytes.data(), bytes.size());
            return a;
          },
          "to_array($self)\n--\n\nThe record as a NumPy array of bytes (uint8) of fixed length, for an all-gather of "
          "the host's own;\nfrom_array reads it back exactly.")
      .def_static(
          "from_array",
          [name](py::handle array) {
            argument const where{from_array.c_str(), "array"};
            array_view const a = view_of(array, where);
            if (a.type != dtype::u8) wrong_type(where, "uint8", name_of(a));
            require_rows(a, where, 1);
            return unpacked<Stats>({static_cast<char const*>(a.data), static_cast<std::size_t>(a.size())}, name, where);
          },
          py::arg("array"),
          "from_array(array)\n--\n\nThe record whose to_array gave this array (or a tensor with the same bytes).")
      .def(
          "reduce",
          [name](Stats const& s, py::object const& group) {
            py::object const gathered = py::module_::import("aha._gather").attr("gathered");
            Stats all{};
            bool first = true;
            for (py::handle const bytes : gathered(reduce, py::bytes(packed_bytes(s, name)), group)) {
              std::string const text = py::reinterpret_borrow<py::bytes>(bytes);
              Stats const one = unpacked<Stats>(text, name, {reduce.c_str(), "group"});
              if (first) {
                all = one;
              } else {
                all.merge(one);
              }
              first = false;
            }
            return all;
          },
          py::arg("group") = py::none(),
          "reduce($self, group=None)\n--\n\nThe records of all ranks, merged in the order of ranks: the same bits on "
          "every rank. Every rank must call.\n\ngroup: a torch.distributed process group, None for the default one, or "
          "an object whose allgather(x) returns\nthe list of everybody's x (a communicator of mpi4py).")
      .def(py::pickle([name](Stats const& s) { return py::bytes(packed_bytes(s, name)); },
                      [name](py::bytes const& bytes) {
                        return unpacked<Stats>(std::string(bytes), name, {name, "pickle"});
                      }));
  c.attr("__hash__") = py::none();
}

}  // namespace aha_python
