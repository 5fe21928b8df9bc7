// lungseg.h for C++17: objects that free themselves, errors as exceptions. For research use only: not a medical device.
#ifndef LUNGSEG_HPP
#define LUNGSEG_HPP

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "lungseg.h"

namespace lungseg {

// What a function of lungseg.h returned, and the words for it.
class error : public std::runtime_error {
public:
    error(lungseg_status status, const std::string &text) : std::runtime_error(text), status(status) {}
    const lungseg_status status;
};

namespace detail {
template <typename F> std::string text(F &&copy) {
    std::string value(copy(nullptr, 0), '\0');
    copy(value.data(), value.size());
    if (!value.empty()) value.pop_back();
    return value;
}

inline void check(lungseg_status status) {
    if (status != LUNGSEG_OK) throw error(status, text(lungseg_error));
}

struct free_segmenter { void operator()(lungseg_segmenter *segmenter) const noexcept { lungseg_destroy(segmenter); } };
struct free_result { void operator()(lungseg_result *result) const noexcept { lungseg_release(result); } };
}  // namespace detail

inline lungseg_options options() {
    lungseg_options value{};
    value.size = sizeof value;
    value.abi = LUNGSEG_ABI;
    return value;
}

// Pixels of the caller's: bytes, words of 16 bits or numbers from 0 to 1, a row every so many of them (0: without gaps).
template <typename T> lungseg_image pixels(const T *data, int width, int height, int channels = 1, std::size_t row = 0) {
    static_assert(std::is_same_v<T, std::uint8_t> || std::is_same_v<T, std::uint16_t> || std::is_same_v<T, float>, "8 or 16 bits, or float");
    const std::size_t step = row ? row : std::size_t(width) * channels;
    lungseg_image value{};
    value.size = sizeof value;
    value.format = std::is_same_v<T, float> ? LUNGSEG_F32 : sizeof(T) == 2 ? LUNGSEG_U16 : LUNGSEG_U8;
    value.data = data;
    value.data_size = (step * (height - 1) + std::size_t(width) * channels) * sizeof(T);
    value.width = width;
    value.height = height;
    value.channels = channels;
    value.stride = row * sizeof(T);
    return value;
}

// An image file in memory.
inline lungseg_image encoded(const std::vector<std::uint8_t> &file) {
    lungseg_image value{};
    value.size = sizeof value;
    value.data = file.data();
    value.data_size = file.size();
    return value;
}

// What was found in one image.
class result {
public:
    explicit result(lungseg_result *handle) : handle_(handle) {}

    lungseg_statistics statistics() const {
        lungseg_statistics value{};
        value.size = sizeof value;
        detail::check(lungseg_measure(handle_.get(), &value));
        return value;
    }

    // Height x width bytes: 255 lung, 0 else.
    std::vector<std::uint8_t> mask() const {
        const lungseg_statistics s = statistics();
        std::vector<std::uint8_t> value(std::size_t(s.width) * s.height);
        detail::check(lungseg_mask(handle_.get(), value.data(), value.size()));
        return value;
    }

    std::vector<float> probabilities() const {
        const lungseg_statistics s = statistics();
        std::vector<float> value(std::size_t(s.probability_width) * s.probability_height);
        detail::check(lungseg_probabilities(handle_.get(), value.data(), value.size()));
        return value;
    }

    // What a person should look at, a line each.
    std::string flags() const {
        return detail::text([this](char *text, std::size_t size) { return lungseg_flags(handle_.get(), text, size); });
    }

private:
    std::unique_ptr<lungseg_result, detail::free_result> handle_;
};

// A network with its weights. Several threads may share one.
class segmenter {
public:
    explicit segmenter(const lungseg_options &options = lungseg::options()) {
        lungseg_segmenter *handle = nullptr;
        detail::check(lungseg_create(&options, &handle));
        handle_.reset(handle);
    }

    result segment(const lungseg_image &image) const {
        lungseg_result *found = nullptr;
        detail::check(lungseg_segment(handle_.get(), &image, &found));
        return result(found);
    }

    // Calls of segment that have begun throw an error of LUNGSEG_CANCELLED.
    void cancel() const { detail::check(lungseg_cancel(handle_.get())); }

private:
    std::unique_ptr<lungseg_segmenter, detail::free_segmenter> handle_;
};

inline std::string version() { return detail::text(lungseg_version); }

}  // namespace lungseg
#endif
